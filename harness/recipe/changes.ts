import { dirname } from "node:path";
import { Git } from "./git.ts";
import type { Checkout } from "./types.ts";

/** Files that differ between a commit and head. @throws infra (class git) */
export async function changedFiles(checkout: Checkout, base: string, signal: AbortSignal): Promise<string[]> {
  const git = await Git.in(`${checkout.mirror}.git-settings`, signal);
  const names = await git.run(["diff", "-z", "--no-renames", "--name-only", base, checkout.head], { cwd: dirname(checkout.mirror), env: { GIT_DIR: checkout.mirror } });
  return names.split("\0").filter(Boolean);
}

/** Of a recipe's files, those that can change what is deployed: not its texts for people, nor its CI. */
export function deployedFiles(files: readonly string[]): string[] {
  return files.filter((file) => !/^(release\/|\.(drone|gitea|github|woodpecker)|renovate\.json|\.gitignore|\.editorconfig|LICEN[CS]E|[^/]*\.md$|docs\/|\.recipe-ci\/)/i.test(file));
}
