import { describe, expect, test } from "vitest";
import { keepHouse, type Kind } from "../../../harness/housekeeping/housekeep.ts";
import { cacheThings } from "../../../harness/housekeeping/imageCache.ts";
import { dayMs, planRetention, type Thing } from "../../../harness/housekeeping/retention.ts";
import { ageInWords, houseInWords } from "../../../harness/housekeeping/words.ts";

const now = 10 * dayMs;
const signal = new AbortController().signal;
const thing = (id: string, usedAt: number, hold: string | null = null): Thing => ({ id, bytes: 1e6, usedAt, hold });

/** A kind with these things, and what was removed of it. */
function kindOf(name: string, things: readonly Thing[], remove: (id: string) => void = () => {}): Kind & { gone: string[] } {
  const gone: string[] = [];
  return {
    name, gone,
    look: async () => ({ things, limit: { ageMs: dayMs, bytes: 1e9 } }),
    remove: async (id) => {
      remove(id);
      gone.push(id);
    },
  };
}

describe("keeping house", () => {
  test("removes what is to go, the oldest first, and nothing else", async () => {
    const kind = kindOf("folders", [thing("new", now), thing("old", 2), thing("older", 1), thing("held", 0, "kept")]);
    await keepHouse([kind], { dryRun: false, signal, now });
    expect(kind.gone).toEqual(["older", "old"]);
  });

  test("a dry run decides the same and removes nothing", async () => {
    const kind = kindOf("folders", [thing("old", 1)]);
    const [kept] = await keepHouse([kind], { dryRun: true, signal, now });
    expect(kind.gone).toEqual([]);
    expect(kept?.decisions).toMatchObject([{ goes: true, thing: { id: "old" } }]);
  });

  test("what goes wrong with one thing or kind stops no other, and is told", async () => {
    const broken: Kind = { name: "broken", look: () => Promise.reject(new Error("EACCES")), remove: async () => {} };
    const stuck = kindOf("stuck", [thing("a", 1), thing("b", 2)], (id) => {
      if (id === "a") throw new Error("EBUSY");
    });
    const kept = await keepHouse([broken, stuck], { dryRun: false, signal, now });
    expect(stuck.gone).toEqual(["b"]);
    expect(kept).toMatchObject([{ kind: "broken", unseen: "EACCES", limit: null }, { kind: "stuck", unseen: null, left: [{ id: "a", why: "EBUSY" }] }]);
    expect(houseInWords(kept, { dryRun: false, all: false, now })).toEqual([
      "broken: nobody knows what there is: EACCES",
      "stuck: 2, 2 MB, the oldest unused for 9 days; limits: 24 h, 1.0 GB",
      "  gone, over the age limit: 1 (1 MB): b",
      "  still there: a: EBUSY",
    ]);
  });

  test("ends with the build", async () => {
    const stop = new AbortController();
    const kind = kindOf("folders", [thing("a", 1), thing("b", 2)], () => {
      stop.abort(new Error("the build ends"));
      throw new Error("cut short");
    });
    await expect(keepHouse([kind], { dryRun: false, signal: stop.signal, now })).rejects.toThrow("the build ends");
    expect(kind.gone).toEqual([]);
  });
});

describe("in words", () => {
  test("a dry run explains each decision, many of one kind on one line", async () => {
    const many = Array.from({ length: 7 }, (_, index) => thing(`o${index}`, index));
    const kept = await keepHouse([kindOf("folders", [...many, thing("a", now - 1000, "its build runs"), thing("b", now)])], { dryRun: true, signal, now });
    expect(houseInWords(kept, { dryRun: true, all: true, now })).toEqual([
      "folders: 9, 9 MB, the oldest unused for 10 days, 1 held; limits: 24 h, 1.0 GB",
      "  would go, over the age limit: 7 (7 MB): o0, o1, o2, o3, o4 and 2 more",
      "  stays, its build runs: 1 (1 MB): a",
      "  stays, within the limits: 1 (1 MB)",
    ]);
  });

  test("that there is nothing is said", async () => {
    const kept = await keepHouse([kindOf("folders", [])], { dryRun: false, signal, now });
    expect(houseInWords(kept, { dryRun: false, all: false, now })).toEqual(["folders: none; limits: 24 h, 1.0 GB"]);
  });

  test.each([[-5, "0 h"], [3_599_999, "0 h"], [47 * 3_600_000, "47 h"], [2 * dayMs, "2 days"]])("%d ms are %s", (ms, words) => {
    expect(ageInWords(ms)).toBe(words);
  });
});

describe("of the image cache", () => {
  const hex = "ab".repeat(32);
  const hold = (path: string, usedAt: number) => cacheThings([{ path, bytes: 1, usedAt }], now)[0];
  const part = `ab/${hex}.17.00000000-0000-4000-8000-000000000000.part`;

  test.each<[string, string, number, string | null]>([
    ["content that was used before the last hour may go", `ab/${hex}`, now - 3_600_000, null],
    ["content that a build may be about to use again stays", `ab/${hex}`, now - 3_599_999, "within the hour"],
    ["a download that goes on stays", part, now - dayMs, "being fetched"],
    ["a download that was given up may go", part, now - dayMs - 1, null],
    ["what nobody knows stays", "ab/notes", 0, "nobody knows"],
    ["what only begins like content stays", `ab/${hex}0`, 0, "nobody knows"],
  ])("%s", (_, path, usedAt, why) => {
    const one = hold(path, usedAt);
    if (why === null) expect(one?.hold).toBeNull();
    else expect(one?.hold).toContain(why);
  });

  test("a download that was given up goes whatever the limits are", () => {
    const decisions = planRetention([hold(part, now - 2 * dayMs)!, hold(`ab/${hex}`, 0)!], { ageMs: 99 * dayMs, bytes: 99 }, now);
    expect(decisions.filter(({ goes }) => goes).map(({ thing: { id } }) => id)).toEqual([part]);
  });
});
