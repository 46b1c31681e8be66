import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../../harness/base/paths.ts";

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({
    version: z.string().optional(),
    resolved: z.string().optional(),
    optionalDependencies: z.record(z.string(), z.string()).optional(),
  })),
});
const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(packageRoot, "package-lock.json"), "utf8")));

test("every platform's part of a package is locked: npm ci refuses a lock that misses one, on any platform", () => {
  const locked = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)));
  const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  expect(wanted.length).toBeGreaterThan(50);
  expect(wanted.filter((name) => !locked.has(name))).toEqual([]);
});

test("the lock names no registry: whoever installs uses their own", () => {
  expect(Object.entries(packages).filter(([, entry]) => entry.resolved?.includes("://"))).toEqual([]);
});
