import { expectationsFor } from "../expectations.ts";
import { missingContent } from "../judge/captured.ts";
import { dumpFaults, type DumpRead, missingRows, uncovered } from "../judge/dump.ts";
import { readDump } from "../judge/readDump.ts";
import { app, beforeAll, expect, test } from "../testing.ts";

const wanted = expectationsFor(app.context.expect, "backup");

let dumps: readonly DumpRead[] = [];

beforeAll(async () => {
  const texts = [...new Set(wanted.rows.map((row) => row.wanted))];
  const here = wanted.dumps.flatMap(({ file, ...dump }) => (file === null ? [] : [{ ...dump, file }]));
  dumps = await Promise.all(here.map((dump) => readDump(dump, texts)));
});

test("abra's backup made one snapshot of this app", () => {
  expect(wanted.created.ok, `abra app backup create says: ${wanted.created.said}`).toBe(true);
  expect(wanted.snapshots.map(({ id }) => id), "snapshots that were not there before").toHaveLength(1);
});

if (wanted.snapshots.length > 0) {
  test("everything that the labels name is in the snapshot", () => {
    expect(missingContent(wanted.captured)).toEqual([]);
  });

  test("no database server is left out", () => {
    expect(uncovered(wanted.databases, dumps)).toEqual([]);
  });
}

if (wanted.dumps.length > 0) {
  test("dumps are complete", ({ skip }) => {
    expect(dumps.flatMap(dumpFaults)).toEqual([]);
    const unread = wanted.dumps.filter(({ file }) => file === null);
    skip(unread.length > 0, `too large to be read: ${unread.map(({ path, bytes }) => `${path} (${bytes} bytes)`).join(", ")}`);
  });
}

if (wanted.markers.length + wanted.rows.length > 0) {
  test("what was planted just before is in it", () => {
    expect(wanted.markers.filter(({ inSnapshot }) => !inSnapshot).map(({ what }) => `${what} is not in the snapshot`)).toEqual([]);
    expect(missingRows(wanted.rows, dumps)).toEqual([]);
  });
}
