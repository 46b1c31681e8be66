import { envValues } from "../../recipe/envfile.ts";
import { recipeFile } from "../../recipe/files.ts";
import { readForLint } from "../../recipe/lint/read.ts";
import type { LintRecipe } from "../../recipe/lint/recipe.ts";
import type { ComposeApp } from "../../recipe/types.ts";
import { composed, type Ground } from "./composed.ts";

/** For what is said of a recipe before its stack is named: only the name's shape matters. */
export const anyStack = "lint_ci_test";
export const anyDomain = "lint.ci.test";

const asItIs: Ground = { settings: { overlays: [], place: "" }, side: "head" };

/**
 * The compose files as a new app would have them: the sample, and what settings and request set.
 * @param dir the recipe's files
 * @param ground without it the recipe's own files alone, without overlays
 * @throws FindingError (recipe, invalid-compose)
 */
export async function asSampled(dir: string, env: Readonly<Record<string, string>>, ground: Ground = asItIs): Promise<ComposeApp> {
  return (await composed(dir, await sampled(dir, env), anyStack, ground)).compose;
}

/** The same without overlays, with all that static checks look at. @throws as `asSampled` */
export async function lintable(dir: string, env: Readonly<Record<string, string>>): Promise<LintRecipe> {
  return readForLint(dir, await sampled(dir, env), anyStack);
}

/** The .env of a new app, before its stack is named. */
export async function sampled(dir: string, env: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const sample = (await recipeFile(dir, ".env.sample")) ?? "";
  return { ...envValues(sample), ...env, DOMAIN: anyDomain, STACK_NAME: anyStack };
}
