import { dirname } from "node:path";
import { Git } from "./git.ts";
import { checkTree } from "./trust/treeCheck.ts";
import type { Checkout } from "./types.ts";

/** Puts the files of another commit of the recipe into a folder of this machine. @throws infra (class git) */
export async function treeAt(checkout: Checkout, commit: string, into: string, signal: AbortSignal): Promise<void> {
  const git = await Git.in(`${into}.git-settings`, signal);
  await git.run(["clone", "--quiet", "--no-checkout", checkout.mirror, into], { cwd: dirname(into) });
  await git.run(["checkout", "--quiet", "--detach", commit], { cwd: into });
}

/** Looks through a commit's tree as head's was before it was fetched. @throws FindingError (recipe, class unsafe-files); infra (class git) */
export async function checkCommit(checkout: Pick<Checkout, "mirror">, commit: string, signal: AbortSignal): Promise<void> {
  await checkTree(await Git.in(`${checkout.mirror}.git-settings`, signal), checkout.mirror, commit);
}

/** Tags of head and of the commits that it descends from. @throws infra (class git) */
export async function tagsBefore(checkout: Checkout, signal: AbortSignal): Promise<string[]> {
  const git = await Git.in(`${checkout.mirror}.git-settings`, signal);
  const tags = await git.run(["tag", "--merged", checkout.head], { cwd: dirname(checkout.mirror), env: { GIT_DIR: checkout.mirror } });
  return tags.split("\n").filter(Boolean);
}
