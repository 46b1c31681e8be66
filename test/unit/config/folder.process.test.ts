import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { command } from "../../../harness/base/command.ts";
import { packageRoot } from "../../../harness/base/paths.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-settings-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** As the harness itself imports it, without vitest between. */
async function load(code: string) {
  writeFileSync(join(dir, "recipe.ts"), code);
  const program = `import { configFolder } from ${JSON.stringify(join(packageRoot, "harness/config/folder.ts"))};
    try { console.log(JSON.stringify(await configFolder(${JSON.stringify(dir)}, "conf"))) } catch (error) { console.log(error.name + ": " + error.message) }`;
  return command([process.execPath, "--input-type=module", "--eval", program], { timeoutMs: 20_000 });
}

test.each<[string, string, string]>([
  ["typed, with the helper, in a folder that has no package", 'import { defineRecipe } from "recipe-ci/settings";\nconst failures: number = 2;\nexport default defineRecipe({ restarts: { failures } });', '{"place":"conf/recipe.ts","limits":{"failures":2},"dependencies":{},'],
  ["NaN", "export default { restarts: { failures: Number.NaN } }", "UsageError: conf/recipe.ts: restarts.failures is NaN; give a whole number from 1 to 40"],
  ["no default export", "export const restarts = {};", "UsageError: conf/recipe.ts: exports no default; write: export default defineRecipe({ ... })"],
  ["no TypeScript", "export default {", "UsageError: conf/recipe.ts: can't be loaded: "],
  ["what throws", 'throw new Error("no luck")', "UsageError: conf/recipe.ts: can't be loaded: no luck; mend it"],
  ["what imports nothing that there is", 'import "./gone.ts"; export default {}', "UsageError: conf/recipe.ts: can't be loaded: Cannot find module"],
])("recipe.ts: %s", async (_, code, says) => {
  const { stdout, stderr } = await load(code);
  expect(stdout).toContain(says);
  expect(stderr).toBe("");
});

test("the README's example is one", async () => {
  const [example = ""] = /(?<=```ts\n).*?(?=```)/s.exec(readFileSync(join(packageRoot, "recipes/README.md"), "utf8")) ?? [];
  const { stdout, stderr } = await load(example);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toMatchObject({ health: { path: "/status" }, overlays: [{ at: "overlays.0", scope: "base" }], skip: { backup: "a dump takes an hour" } });
});
