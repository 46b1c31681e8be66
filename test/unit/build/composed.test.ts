import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isOverlayFile } from "../../../harness/build/app/appState.ts";
import { composed } from "../../../harness/build/app/composed.ts";
import { parseSettings } from "../../../harness/config/recipe.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-composed-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
writeFileSync(join(dir, "compose.yml"), 'version: "3.8"\nservices:\n  app:\n    image: shop:1\n    environment: [MODE=live]\n');

const settings = parseSettings({
  overlays: [
    { scope: "base", reason: "withdrawn", expires: "2026-12-31", compose: { services: { app: { image: "mirror/shop:1" } } } },
    { scope: "both", reason: "no mail", expires: "2026-12-31", compose: { services: { app: { environment: { MODE: "${MODE}" } }, queue: { environment: {} } } } },
  ],
}, "recipes/shop/recipe.ts");
const env = { COMPOSE_FILE: "compose.yml", MODE: "dry" };

test("base gets what is for base and for both, over its own files", async () => {
  const { compose, overlays } = await composed(dir, env, "s", { settings, side: "base" });
  expect(compose.services).toMatchObject([{ name: "app", image: "mirror/shop:1", env: { MODE: "dry" } }]);
  expect(overlays.map(({ name, text }) => [name, text])).toEqual([
    ["compose.recipe-ci.1.yml", 'version: "3.8"\nservices:\n  app:\n    image: mirror/shop:1\n'],
    ["compose.recipe-ci.2.yml", 'version: "3.8"\nservices:\n  app:\n    environment:\n      MODE: ${MODE}\n'],
  ]);
  expect(overlays.every(({ name }) => isOverlayFile(name))).toBe(true);
});

test("incident 15: head keeps its own image", async () => {
  const { compose, overlays } = await composed(dir, env, "s", { settings, side: "head" });
  expect(compose.services).toMatchObject([{ name: "app", image: "shop:1", env: { MODE: "dry" } }]);
  expect(overlays.map(({ said }) => said)).toEqual(["overlays.1 of recipes/shop/recipe.ts, until 2026-12-31 (no mail): app.{environment}"]);
});

test("files of the recipe are never taken for the harness's", () => {
  expect(["compose.yml", "compose.recipe-ci.yml.orig", "compose.recipe.yml", "sub/compose.recipe-ci.yml"].filter(isOverlayFile)).toEqual([]);
});
