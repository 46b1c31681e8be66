import { expect, test } from "vitest";
import type { JournalEntry } from "../../../harness/build/journal.ts";
import { leavingBehind } from "../../../harness/build/leaving.ts";

const folder: JournalEntry = { kind: "folder", name: "/state/runs/r1" };
const stack: JournalEntry = { kind: "stack", name: "word1_ci_test", domain: "word1.ci.test", abraDir: "/abra" };

test("whoever leaves a Swarm that stays is told every name, who sees to it, and the command that removes it", () => {
  const snapshots: JournalEntry = { kind: "snapshots", name: "word1_ci_test", domain: "word1.ci.test" };
  const entries: JournalEntry[] = [snapshots, snapshots, stack, { kind: "guardian", name: "recipe-ci-guardian-r1" }, { kind: "lease", name: "recipe-ci-lease-r1" }, folder];
  const lines = leavingBehind("r1", entries);
  expect(lines[0]).toBe("left at once; what run r1 may leave behind:");
  expect(lines.at(-1)).toBe("  remove it with: recipe-ci sweep");
  expect(lines.slice(1, -1).map((line) => line.trim().split(/[:(]/)[0]?.trim())).toEqual([
    "snapshots of word1.ci.test in the repository of a backup bot that stays", "stack word1_ci_test", "lease recipe-ci-lease-r1", "folder /state/runs/r1",
  ]);
});

test("a throwaway node is called by the name that docker ps shows", () => {
  expect(leavingBehind("r1", [{ kind: "node", name: "r1" }, folder])[1]).toContain("node recipe-ci-r1-node1 with all that is on it: it ends itself within 60 s");
});

test("where nothing was begun, nothing is said to stay", () => {
  expect(leavingBehind("r1", [])).toEqual(["left at once; run r1 had made nothing yet"]);
});
