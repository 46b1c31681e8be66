import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { mapping, text } from "../composeParts.ts";
import { composeApp, parseYaml } from "../compose.ts";
import { exportsOf } from "../envfile.ts";
import { appFiles, recipeFile } from "../files.ts";
import { interpolateDeep } from "../interpolate.ts";
import { type ConfigFile, isMap, type LintFile, type LintRecipe } from "./recipe.ts";

/**
 * Reads what static checks look at.
 * @param dir the recipe's files
 * @param env the app's settings, as a new app has them
 * @throws FindingError (recipe, invalid-compose); UsageError for a file that leads out of the recipe or is too long
 */
export async function readForLint(dir: string, env: Readonly<Record<string, string>>, stack: string): Promise<LintRecipe> {
  const known = { ...env, ...exportsOf((await recipeFile(dir, "abra.sh")) ?? ""), STACK_NAME: stack };
  const texts = await appFiles(dir, env);
  const app = composeApp(texts, known, stack);
  const files = texts.map(({ name, text: source }): LintFile => {
    const written = mapping(parseYaml(source), name);
    return { name, written, content: mapping(interpolateDeep(written, known), name) };
  });
  return {
    app,
    stack,
    files,
    allCompose: [...texts.map((file) => file.text), ...(await otherCompose(dir))].join("\n"),
    sample: (await recipeFile(dir, ".env.sample")) ?? "",
    configs: await configsOf(dir, files, app),
    notes: await notesOf(dir),
  };
}

async function otherCompose(dir: string): Promise<string[]> {
  const files = (await readdir(dir, { recursive: true })).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith(".git/"));
  return Promise.all(files.map(async (name) => (await recipeFile(dir, name).catch(() => null)) ?? ""));
}

async function configsOf(dir: string, files: readonly LintFile[], app: LintRecipe["app"]): Promise<ConfigFile[]> {
  const found = await Promise.all(
    app.configs.map(async ({ key, name, external }): Promise<ConfigFile | null> => {
      const file = files.map(({ content }) => (isMap(content.configs) && isMap(content.configs[key]) ? text(content.configs[key].file, key) : "")).findLast((one) => one !== "");
      return external || file === undefined ? null : { key, name, file, content: await recipeFile(dir, file) };
    }),
  );
  return found.filter((one) => one !== null);
}

async function notesOf(dir: string): Promise<Record<string, string>> {
  const names = await readdir(join(dir, "release")).catch(() => []);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await recipeFile(dir, join("release", name))) ?? ""] as const)));
}
