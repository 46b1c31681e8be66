import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { UsageError } from "../../../harness/base/errors.ts";
import { configFolder, settingsIn } from "../../../harness/config/folder.ts";

const root = mkdtempSync(join(tmpdir(), "recipe-ci-settings-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
function folder(files: Readonly<Record<string, string>>): string {
  const dir = join(root, `${++made}`);
  mkdirSync(dir);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

test("recipe.json", async () => expect(await settingsIn(folder({ "recipe.json": '{"restarts":{"failures":2}}' }), "recipes/x")).toMatchObject({ place: "recipes/x/recipe.json", limits: { failures: 2 } }));
test("tests alone are no settings", async () => expect(await settingsIn(folder({ "front-page.test.ts": "", "README.md": "" }), "recipes/x")).toBeNull());
test("no folder is no settings", async () => expect(await settingsIn(join(root, "none"), "recipes/x")).toBeNull());
test("--config DIR/", async () => expect((await configFolder(folder({ "recipe.json": "{}" }), "conf/")).place).toBe("conf/recipe.json"));

test.each<[string, Record<string, string>, string]>([
  ["both files", { "recipe.ts": "export default {}", "recipe.json": "{}" }, "recipes/x: has both recipe.ts and recipe.json; keep one"],
  ["YAML", { "recipe.yml": "" }, "recipes/x/recipe.yml: is not read; settings are in recipe.ts or recipe.json: move it there"],
  ["JavaScript", { "recipe.mjs": "" }, "recipes/x/recipe.mjs: is not read"],
  ["another name", { "settings.json": "{}" }, "recipes/x/settings.json: is not read"],
  ["no JSON", { "recipe.json": "{" }, "recipes/x/recipe.json: is not JSON"],
])("%s", async (_, files, says) => {
  const reading = settingsIn(folder(files), "recipes/x");
  await expect(reading).rejects.toThrow(UsageError);
  await expect(reading).rejects.toThrow(says);
});

test("recipe.json that is a folder", async () => {
  const dir = folder({});
  mkdirSync(join(dir, "recipe.json"));
  await expect(settingsIn(dir, "recipes/x")).rejects.toThrow("recipes/x/recipe.json: can't be read");
});

test.each<[string, () => string, string]>([
  ["that is not there", () => join(root, "none"), "--config conf: does not exist; name a folder"],
  ["that is a file", () => join(folder({ file: "" }), "file"), "--config conf: is no folder"],
  ["without settings", () => folder({ "a.test.ts": "" }), "--config conf: holds neither recipe.ts nor recipe.json"],
])("--config DIR %s", async (_, dir, says) => {
  await expect(configFolder(dir(), "conf")).rejects.toThrow(says);
});
