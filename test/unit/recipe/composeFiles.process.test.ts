import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { appFiles } from "../../../harness/recipe/files.ts";

/** What of a recipe's compose files is held in memory at once. */

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-files-"));
afterAll(() => rmSync(dir, { recursive: true }));
writeFileSync(join(dir, "compose.yml"), "services: {}\n");
writeFileSync(join(dir, "compose.long.yml"), `#${"x".repeat(1024 ** 2 - 2)}\n`);
const named = (name: string, times: number) => ({ COMPOSE_FILE: Array.from({ length: times }, () => name).join(":") });

describe("COMPOSE_FILE may name a file again and again", () => {
  test.each([["compose.yml", 51, "names 51 files"], ["compose.long.yml", 5, "longer than 4 MB"]])("%s, %i times, is refused", async (name, times, said) => {
    await expect(appFiles(dir, named(name, times))).rejects.toMatchObject({ blame: "recipe", reason: { class: "invalid-compose", summary: expect.stringContaining(said) } });
  });

  test.each([["compose.yml", 50], ["compose.long.yml", 4]])("%s, %i times, is read", async (name, times) => {
    expect(await appFiles(dir, named(name, times))).toHaveLength(times);
  });
});
