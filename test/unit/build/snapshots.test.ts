import { describe, expect, test } from "vitest";
import type { BackupFile } from "../../../harness/build/backup/backupTypes.ts";
import { isAlone, parseListing, parseSnapshots, snapshotsWith } from "../../../harness/build/backup/snapshots.ts";

const id = (digit: string) => digit.repeat(64);
const raw = (digit: string, time: string, rest: object) => ({ id: id(digit), time, hostname: "bot", ...rest });

test("snapshots come oldest first, with times in UTC", () => {
  const said = JSON.stringify([
    raw("b", "2026-01-02T03:04:05.123456789+02:00", { tags: ["a.test"], paths: ["/x"] }),
    raw("a", "2026-01-02T01:04:04Z", {}),
  ]);
  expect(parseSnapshots(said)).toEqual([
    { id: id("a"), at: "2026-01-02T01:04:04.000Z", tags: [], paths: [] },
    { id: id("b"), at: "2026-01-02T01:04:05.123Z", tags: ["a.test"], paths: ["/x"] },
  ]);
});

test("an empty repository has none", () => {
  expect([parseSnapshots("[]"), parseSnapshots("null")]).toEqual([[], []]);
});

test("what is no list of snapshots is not taken for an empty one", () => {
  expect(() => parseSnapshots("Fatal: unable to open repository")).toThrow(SyntaxError);
  expect(() => parseSnapshots('{"message":"x"}')).toThrow("expected array");
});

test("incident 13: another app's snapshot is not this app's, even where names begin alike", () => {
  const all = parseSnapshots(JSON.stringify([
    raw("a", "2026-01-01T00:00:01Z", { tags: ["word1.test"] }),
    raw("b", "2026-01-01T00:00:02Z", { tags: ["word12.test"] }),
    raw("c", "2026-01-01T00:00:03Z", { paths: ["/var/lib/docker/volumes/word1_test_data/_data"] }),
    raw("d", "2026-01-01T00:00:04Z", { paths: ["/var/lib/docker/volumes/word12_test_data/_data"] }),
    raw("e", "2026-01-01T00:00:05Z", { tags: ["word1_test"] }),
  ]));
  expect(snapshotsWith(all, { domain: "word1.test", stack: "word1_test" }).map((one) => one.id)).toEqual([id("a"), id("c"), id("e")]);
});

describe("a snapshot is the app's alone, and may be removed", () => {
  const [app, of] = [{ domain: "a.test", stack: "a_test" }, (volume: string) => `/var/lib/docker/volumes/${volume}/_data`];
  const alone = (tags: string[], paths: string[], volumes: string[] = []) => isAlone({ id: id("a"), at: "", tags, paths }, { ...app, volumes });

  test("where every tag and every path is of it", () => {
    expect(alone(["a_test"], [of("a_test_data"), "/var/lib/backup-bot/containers/a_test_app/etc"])).toBe(true);
    expect(alone(["a.test", "a_test:1.2.0+6.1"], [])).toBe(true);
    expect(alone([], ["/volumes/a_test_data/sub"])).toBe(true);
    expect(alone(["a_test"], [of("a_test_data"), of("media")], ["media"]), "a volume with a name of its own").toBe(true);
    expect(alone(["a_test"], [of("a_test_data"), "/secrets"]), "where the bot keeps the app's secrets meanwhile").toBe(true);
  });

  test.each([
    ["another app's tag beside its own", ["a_test", "shop_example_org"], [of("a_test_data")]],
    ["the tag of a whole server's backup", ["a_test:1.0", "ALL"], [of("a_test_data")]],
    ["another app's volume", ["a_test"], [of("a_test_data"), of("shop_example_org_db")]],
    ["a volume that begins alike", ["a_test"], [of("a_test2_data")]],
    ["something that only lies deeper under such a name", ["a_test"], [`${of("shop_example_org_data")}/a_test_x`]],
    ["a whole folder of volumes", ["a_test"], ["/var/lib/docker/volumes"]],
  ])("never with %s", (_, tags, paths) => expect(alone(tags, paths)).toBe(false));
});

test("a listing of nothing is not that of an empty snapshot", () => {
  expect([parseListing(""), parseListing(JSON.stringify({ struct_type: "snapshot" }))]).toEqual([null, []]);
});

test("a listing says of each file which volume it was in", () => {
  const lines = [
    { struct_type: "snapshot", id: id("a") },
    { struct_type: "node", type: "dir", path: "/var/lib/docker/volumes/s_data/_data", name: "_data" },
    { struct_type: "node", type: "file", path: "/var/lib/docker/volumes/s_data/_data/a b/c", size: 7 },
    { struct_type: "node", type: "file", path: "/var/lib/docker/volumes/s_data/_data/empty" },
    { struct_type: "node", type: "file", path: "/var/lib/backup-bot/containers/s_app/etc/x", size: 1 },
    { struct_type: "node", type: "fifo", path: "/var/lib/docker/volumes" },
  ];
  expect(parseListing(`${lines.map((line) => JSON.stringify(line)).join("\n")}\n`)).toEqual<BackupFile[]>([
    { path: "/var/lib/docker/volumes/s_data/_data", type: "dir", bytes: 0, from: { volume: "s_data" }, inner: "." },
    { path: "/var/lib/docker/volumes/s_data/_data/a b/c", type: "file", bytes: 7, from: { volume: "s_data" }, inner: "a b/c" },
    { path: "/var/lib/docker/volumes/s_data/_data/empty", type: "file", bytes: 0, from: { volume: "s_data" }, inner: "empty" },
    { path: "/var/lib/backup-bot/containers/s_app/etc/x", type: "file", bytes: 1, from: { service: "s_app" }, inner: "/etc/x" },
    { path: "/var/lib/docker/volumes", type: "other", bytes: 0, from: null, inner: "/var/lib/docker/volumes" },
  ]);
});
