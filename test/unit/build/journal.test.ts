import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { UsageError } from "../../../harness/base/errors.ts";
import { Journal, type JournalEntry } from "../../../harness/build/journal.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-journal-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const entries: readonly JournalEntry[] = [
  { kind: "folder", name: "/state/runs/r1" },
  { kind: "node", name: "r1" },
  { kind: "stack", name: "word1a2b3c_ci_test", domain: "word1a2b3c.ci.test", abraDir: "/run/abra-head" },
];

function written(name: string): Journal {
  const journal = new Journal(join(dir, name, "journal.ndjson"));
  for (const entry of entries) journal.will(entry);
  return journal;
}

test("what was written is read back by another process, newest first", () => {
  const { path } = written("back");
  expect(Journal.read(path).backwards()).toEqual(entries.toReversed());
  expect(readFileSync(path, "utf8").trimEnd().split("\n")).toHaveLength(entries.length);
});

test("each entry is on disk before anything else happens, for this user's eyes only", () => {
  const journal = new Journal(join(dir, "mode", "journal.ndjson"));
  for (const [index, entry] of entries.entries()) {
    journal.will(entry);
    expect(readFileSync(journal.path, "utf8").split("\n")[index]).toBe(JSON.stringify(entry));
  }
  expect(statSync(journal.path).mode & 0o777).toBe(0o600);
});

test("nothing is written before the first entry", () => {
  expect(new Journal(join(dir, "none", "journal.ndjson")).backwards()).toEqual([]);
  expect(() => statSync(join(dir, "none"))).toThrow("ENOENT");
});

test.each(['{"kind":"stack","na', "{", '{"kind":"node","name":"whole but without its line end"}'])("a torn last line named nothing that was made: %s", (torn) => {
  const { path } = written(`torn-${torn.length}`);
  appendFileSync(path, torn);
  expect(Journal.read(path).backwards()).toEqual(entries.toReversed());
});

test.each<[string, string]>([
  ["no JSON", "garbage"],
  ["an unknown kind", '{"kind":"planet","name":"x"}'],
  ["a key that does not belong there", '{"kind":"node","name":"x","rm":"/"}'],
  ["an empty line", ""],
])("%s in the middle is refused with its place", (_, line) => {
  const path = join(dir, `middle-${line.length}.ndjson`);
  writeFileSync(path, `${JSON.stringify(entries[0])}\n${line}\n${JSON.stringify(entries[1])}\n`);
  expect(() => Journal.read(path)).toThrow(UsageError);
  expect(() => Journal.read(path)).toThrow(`${path}:2: is no journal entry`);
});
