import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Owner, Snapshot } from "../../../harness/build/backup/backupTypes.ts";
import { leftThings, ownersLeft, snapshotsKind } from "../../../harness/build/backup/leftSnapshots.ts";
import { Journal, type JournalEntry } from "../../../harness/build/journal.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-left-"));
afterAll(() => rmSync(dir, { recursive: true }));

let count = 0;
function folderWith(entries: readonly JournalEntry[]): string {
  const folder = join(dir, `run${++count}`);
  const journal = new Journal(join(folder, "journal.ndjson"));
  for (const entry of entries) journal.will(entry);
  return folder;
}

const lease: JournalEntry = { kind: "lease", name: "recipe-ci-lease-r1" };
const backup: JournalEntry = { kind: "snapshots", name: "word1a2b3c_ci_test", domain: "word1a2b3c.ci.test" };

describe("of a run that was killed, only its journal tells what it may have left with a bot that stays", () => {
  test.each<[string, JournalEntry[], number]>([
    ["nothing where it backed nothing up", [lease], 0],
    ["nothing where the bot went with a throwaway node", [backup], 0],
    ["the app that it backed up", [lease, backup], 1],
  ])("%s", (_, entries, apps) => {
    expect(ownersLeft(folderWith(entries))).toHaveLength(apps);
  });

  test("nothing where there is no journal, or nobody can read it", () => {
    const folder = folderWith([lease, backup]);
    writeFileSync(join(folder, "journal.ndjson"), "{}\n{}\n");
    expect([ownersLeft(folder), ownersLeft(join(dir, "none"))]).toEqual([[], []]);
  });
});

describe("incident 29: of a repository that others use", () => {
  const owner: Owner = { domain: "word1a2b3c.ci.test", stack: "word1a2b3c_ci_test" };
  const snapshot = (id: string, tags: string[], paths: string[] = []): Snapshot => ({ id, at: "2026-11-20T00:00:00.000Z", tags, paths });
  const things = (one: Snapshot, live = false) => leftThings([one], [owner], { live, bytes: new Map([["a", 7]]) });

  test("a killed run's own snapshot may go", () => {
    expect(things(snapshot("a", ["word1a2b3c_ci_test"]))).toEqual([{ id: "a", bytes: 7, usedAt: Date.parse("2026-11-20T00:00:00Z"), hold: null }]);
  });

  test("not while a run lives: its backup would find the repository locked", () => {
    expect(things(snapshot("a", ["word1a2b3c_ci_test"]), true)[0]?.hold).toBe("a run lives, or may");
  });

  test("not where it holds other apps besides", () => {
    expect(things(snapshot("a", ["word1a2b3c_ci_test"], ["/volumes/wordpress_data/_data"]))[0]?.hold).toBe("it holds other apps besides");
  });

  test.each([[["wordpress_example_org"]], [["word1a2b3c_ci_testing"]], [[]]])("one with the tags %j is not even listed", (tags) => {
    expect(things(snapshot("a", tags))).toEqual([]);
  });
});

test("where no killed run backed anything up, no bot is asked", async () => {
  const folder = folderWith([lease]);
  const docker = new Proxy({}, { get: () => { throw new Error("the engine was asked"); } });
  const limit = { ageMs: 0, bytes: 0 };
  const kind = snapshotsKind(docker as never, { folders: async () => [folder], live: false, limit, onGone: () => {} });
  expect(await kind.look(new AbortController().signal)).toEqual({ things: [], limit });
});
