import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { envValues } from "../../../../harness/recipe/envfile.ts";
import { recipeFile } from "../../../../harness/recipe/files.ts";
import { refusedOf } from "../../../../harness/recipe/trust/read.ts";
import { fixtureNames, materialise } from "../../../recipes/build.ts";
import { scratch } from "../repo.ts";
import { ground, rules } from "./judged.ts";

const { dir: home, remove } = scratch();
afterAll(remove);

/** What the fixtures ask for beyond what any recipe gets: only a backup bot has to see what others have. */
const needsMore: Readonly<Record<string, string[]>> = {
  "backup-bot-two": ["services.app.volumes.1 engine-socket", "services.app.volumes.2 host-path"],
};

test.each(await fixtureNames())("%s is a recipe like any other", async (name) => {
  const dir = await materialise(name, join(home, name));
  const sample = envValues((await recipeFile(dir, ".env.sample")) ?? "");
  const found = await refusedOf(dir, { ...sample, DOMAIN: ground.domain }, ground);
  expect(rules(found)).toEqual(needsMore[name] ?? []);
});
