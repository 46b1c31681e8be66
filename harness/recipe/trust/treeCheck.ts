import { FindingError } from "../../base/errors.ts";
import type { Git } from "../git.ts";
import { contentTrick, entriesIn, openedOf, type Trick, treeTricks, trickReason } from "./tricks.ts";

/** A list of files that is cut here is none of a recipe's, bytes; below what a command's output may be. */
const longestList = 32 * 1024 ** 2;

/**
 * Looks through a commit before any of its files is written to a disk: submodules, links that lead out, names and sizes that no
 * recipe has, programs that git would run.
 * @throws FindingError (recipe, class unsafe-files) naming them; infra (class git)
 */
export async function checkTree(git: Git, repo: string, commit: string): Promise<void> {
  const listing = await git.try(["ls-tree", "-r", "-z", "--long", "--full-tree", commit], { cwd: repo });
  // Folders that hold each other again and again list more files than there are objects.
  if (listing.exitCode !== 0 && listing.stdout.length > longestList) refuse([{ path: ".", text: "has more files than can be listed", remedy: "take out what is no part of the recipe" }]);
  const entries = entriesIn(listing.exitCode === 0 ? listing.stdout : await git.run(["ls-tree", "-r", "-z", "--long", "--full-tree", commit], { cwd: repo }));
  refuse(treeTricks(entries));
  const tricks: Trick[] = [];
  for (const entry of openedOf(entries)) {
    const trick = contentTrick(entry, await git.run(["cat-file", "blob", entry.object], { cwd: repo }));
    if (trick) tricks.push(trick);
  }
  refuse(tricks);
}

function refuse(tricks: readonly Trick[]): void {
  const reason = trickReason(tricks);
  if (reason) throw new FindingError("recipe", reason);
}
