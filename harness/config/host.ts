import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, UsageError } from "../base/errors.ts";
import { freeSchema, housekeepingKeys, housekeepingKeysInWords, reserveMemorySchema, retentionSchema } from "./housekeeping.ts";
import { unknownKeys } from "./unknown.ts";

const defaultPath = "/etc/recipe-ci/host.json";

const hostSchema = z.strictObject({
  /** Apps on a local Swarm are one label under it, so that a wildcard certificate covers them. */
  baseDomain: z.string().regex(/^[a-z0-9.-]+$/, "must be a domain name in lower case").default("ci.test"),
  /** Where the edge (Traefik) of the local Swarm listens. */
  edge: z
    .strictObject({
      address: z.string().default("127.0.0.1"),
      httpsPort: z.int().min(1).max(65535).default(443),
      httpPort: z.int().min(1).max(65535).default(80),
      /** Path of the PEM certificate of the CA that signed the edge's certificate; without it a public one is expected. */
      ca: z.string().nullable().default(null),
    })
    .prefault({}),
  /** Registry host to the base URL that answers for it here: a mirror. */
  mirrors: z.record(z.string(), z.url()).default({}),
  reserveMemory: reserveMemorySchema,
  free: freeSchema,
  retention: retentionSchema,
});

export type HostConfig = z.infer<typeof hostSchema>;

/**
 * The host's settings: `path`, else /etc/recipe-ci/host.json where it exists, else the defaults.
 * @throws UsageError naming the file and the key, with a suggestion for one that is misspelt
 */
export function loadHostConfig(path: string | null): { config: HostConfig; from: string } {
  const text = readText(path);
  if (text === null) return { config: hostSchema.parse({}), from: "defaults" };
  const from = path ?? defaultPath;
  return { config: parseHostConfig(text, from), from };
}

/** @throws UsageError naming `from` and the key */
export function parseHostConfig(text: string, from: string): HostConfig {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(from, `is not JSON: ${messageOf(error)}`, "mend it or leave it out");
  }
  const result = hostSchema.safeParse(parsed);
  if (result.success) return result.data;
  const unknown = unknownKeys(result.error, hostKeys);
  const issue = result.error.issues[0];
  throw new UsageError(
    from,
    unknown ?? `${issue?.path.join(".") || "the file"}: ${issue?.message ?? "is wrong"}`,
    `the keys are: baseDomain, edge.{address,httpsPort,httpPort,ca}, mirrors, ${housekeepingKeysInWords}`,
  );
}

const hostKeys = ["baseDomain", "edge", "mirrors", "address", "httpsPort", "httpPort", "ca", ...housekeepingKeys];

function readText(path: string | null): string | null {
  try {
    return readFileSync(path ?? defaultPath, "utf8");
  } catch (error) {
    if (path === null && (error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new UsageError(path ?? defaultPath, `can't be read: ${messageOf(error)}`, "name a readable file with --host-config");
  }
}
