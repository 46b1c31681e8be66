import { join } from "node:path";
import { command } from "../base/command.ts";
import { infra } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";

/**
 * Makes one of the project's own recipes as a git repo in a folder. It is made by a program of its own: the harness imports nothing
 * from test/.
 * @returns the repo's folder
 * @throws infra (class fixture)
 */
export async function fixtureRecipe(name: string, into: string): Promise<string> {
  const program = join(packageRoot, "test/recipes/build.ts");
  const made = await command([process.execPath, program, name, into], { timeoutMs: 30_000 });
  if (made.exitCode !== 0) throw infra("fixture", `the recipe ${name} could not be made: ${made.stderr}`, "git must be installed: recipe-ci doctor");
  return made.stdout.trim();
}
