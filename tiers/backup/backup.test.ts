import { expectationsFor } from "../expectations.ts";
import { missingContent } from "../judge/captured.ts";
import { dumpFaults, type DumpRead, missingRows, uncovered, unreadDumps } from "../judge/dump.ts";
import { readDump } from "../judge/readDump.ts";
import { app, beforeAll, expect, test } from "../testing.ts";

const wanted = expectationsFor(app.context.expect, "backup");

let dumps: readonly DumpRead[] = [];

beforeAll(async () => {
  const texts = [...new Set(wanted.rows.map((row) => row.wanted))];
  const here = wanted.dumps.flatMap(({ file, ...dump }) => (file === null ? [] : [{ ...dump, file }]));
  dumps = await Promise.all(here.map((dump) => readDump(dump, texts)));
});

/** Fails for what is missing; where it may stand in a dump that nobody could read, nobody knows. */
function assertNone(missing: readonly string[], skip: (condition: boolean, note: string) => void): void {
  const unread = unreadDumps(wanted.dumps, dumps).map(({ path, why }) => `${path} (${why})`);
  skip(missing.length > 0 && unread.length > 0, `${missing.join("; ")}, unless it is in ${unread.join(", ")}`);
  expect(missing).toEqual([]);
}

test("abra's backup made one snapshot of this app", () => {
  expect(wanted.created.ok, `abra app backup create says: ${wanted.created.said}`).toBe(true);
  expect(wanted.snapshots.map(({ id }) => id), "snapshots that were not there before").toHaveLength(1);
});

if (wanted.snapshots.length > 0) {
  test("everything that the labels name is in the snapshot", () => {
    expect(missingContent(wanted.captured)).toEqual([]);
  });

  test("no database server is left out", ({ skip }) => {
    assertNone(uncovered(wanted.databases, dumps), skip);
  });
}

if (wanted.dumps.length > 0) {
  test("dumps are complete", ({ skip }) => {
    expect(dumps.flatMap(dumpFaults)).toEqual([]);
    // What only looks like a dump may be the app's own.
    const unread = unreadDumps(wanted.dumps, dumps).filter(({ named }) => named);
    skip(unread.length > 0, `nobody could read ${unread.map(({ path, why }) => `${path} (${why})`).join(", ")}`);
  });
}

if (wanted.markers.length + wanted.rows.length > 0) {
  test("what was planted just before is in it", ({ skip }) => {
    expect(wanted.markers.filter(({ inSnapshot }) => !inSnapshot).map(({ what }) => `${what} is not in the snapshot`)).toEqual([]);
    assertNone(missingRows(wanted.rows, dumps), skip);
  });
}
