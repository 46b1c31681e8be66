import { dirname } from "node:path";
import { Git } from "./git.ts";
import type { Checkout } from "./types.ts";

/** Puts the files of another commit of the recipe into a folder of this machine. @throws infra (class git) */
export async function treeAt(checkout: Checkout, commit: string, into: string, signal: AbortSignal): Promise<void> {
  const git = await Git.in(`${into}.git-settings`, signal);
  await git.run(["clone", "--quiet", "--no-checkout", checkout.mirror, into], { cwd: dirname(into) });
  await git.run(["checkout", "--quiet", "--detach", commit], { cwd: into });
}
