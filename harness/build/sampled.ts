import { envValues } from "../recipe/envfile.ts";
import { loadApp, recipeFile } from "../recipe/files.ts";
import { readForLint } from "../recipe/lint/read.ts";
import type { LintRecipe } from "../recipe/lint/recipe.ts";
import type { ComposeApp } from "../recipe/types.ts";

/** For what is said of a recipe before its stack is named: only the name's shape matters. */
export const anyStack = "lint_ci_test";

/**
 * The compose files as a new app would have them: the sample, and what the request sets.
 * @param dir the recipe's files
 * @throws FindingError (recipe, invalid-compose)
 */
export async function asSampled(dir: string, env: Readonly<Record<string, string>>): Promise<ComposeApp> {
  return loadApp(dir, await sampled(dir, env), anyStack);
}

/** The same, with all that static checks look at. @throws as `asSampled` */
export async function lintable(dir: string, env: Readonly<Record<string, string>>): Promise<LintRecipe> {
  return readForLint(dir, await sampled(dir, env), anyStack);
}

async function sampled(dir: string, env: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const sample = (await recipeFile(dir, ".env.sample")) ?? "";
  return { ...envValues(sample), ...env, DOMAIN: "lint.ci.test", STACK_NAME: anyStack };
}
