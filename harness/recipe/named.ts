import { envValues } from "./envfile.ts";
import { recipeFile } from "./files.ts";
import type { Checkout } from "./types.ts";

/**
 * abra finds an app's recipe by the TYPE in its .env, whatever the folder or the repo is called: a fork's, a worktree's, a CI's
 * `src`. A TYPE that is missing or no plain name leaves the folder's, and abra to say what it thinks of it.
 */
export async function nameForAbra({ dir, name }: Pick<Checkout, "dir" | "name">): Promise<string> {
  const { TYPE, RECIPE } = envValues((await recipeFile(dir, ".env.sample")) ?? "");
  const type = (TYPE ?? RECIPE ?? "").replace(/:[^/]*$/, "");
  return /^[a-z0-9][a-z0-9_.-]*$/i.test(type) ? type : name;
}
