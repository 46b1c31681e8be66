import { nodeName } from "../swarm/ephemeral/container.ts";
import type { JournalEntry } from "./journal.ts";

/**
 * What whoever leaves a build in the middle is told: what it may leave behind, by name, who sees to it, and the command that removes it.
 * The journal says what was begun, not what is gone already.
 * @param entries of the journal, newest first
 */
export function leavingBehind(run: string, entries: readonly JournalEntry[]): string[] {
  const lines = [...new Set(entries.flatMap(inWords))];
  if (lines.length === 0) return [`left at once; run ${run} had made nothing yet`];
  return [`left at once; what run ${run} may leave behind:`, ...lines.map((line) => `  ${line}`), "  remove it with: recipe-ci sweep"];
}

function inWords(entry: JournalEntry): string[] {
  switch (entry.kind) {
    case "node":
      return [`node ${nodeName(entry.name, 1)} with all that is on it: it ends itself within 60 s`];
    case "stack":
      return [`stack ${entry.name} (${entry.domain}): on a throwaway node it goes with that, on a Swarm that stays the run's guardian takes it down within 60 s`];
    case "snapshots":
      return [`snapshots of ${entry.domain} in the repository of a backup bot that stays`];
    case "lease":
      return [`lease ${entry.name}: it goes when nothing of the run is left`];
    case "folder":
      return [`folder ${entry.name}`];
    case "guardian":
      return [];
  }
}
