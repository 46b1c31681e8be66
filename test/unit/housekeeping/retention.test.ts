import { array, assert, constantFrom, integer, option, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { type Limit, planRetention, type Thing } from "../../../harness/housekeeping/retention.ts";

const now = 1_000_000;
const thing = (id: string, more: Partial<Thing> = {}): Thing => ({ id, bytes: 10, usedAt: now - 100, hold: null, ...more });
const limit = (more: Partial<Limit> = {}): Limit => ({ ageMs: 1000, bytes: 1000, ...more });
const going = (things: readonly Thing[], limits: Limit) => planRetention(things, limits, now).filter(({ goes }) => goes).map(({ thing: { id } }) => id);

describe("what goes", () => {
  test.each<[string, Thing[], Partial<Limit>, string[]]>([
    ["nothing within the limits", [thing("a"), thing("b")], {}, []],
    ["nothing of nothing", [], {}, []],
    ["what is over the age", [thing("a", { usedAt: now - 1001 }), thing("b", { usedAt: now - 1000 })], {}, ["a"]],
    ["the oldest over the size, and no more than it takes", [thing("c", { usedAt: now - 1 }), thing("a", { usedAt: now - 3 }), thing("b", { usedAt: now - 2 })], { bytes: 20 }, ["a"]],
    ["what age takes counts no more for the size", [thing("a", { usedAt: 0 }), thing("b", { usedAt: now - 2 }), thing("c")], { bytes: 20 }, ["a"]],
    ["what is held stays however old, and counts", [thing("a", { usedAt: 0, hold: "kept" }), thing("b"), thing("c", { usedAt: now - 1 })], { bytes: 20 }, ["b"]],
    ["nothing that takes no room goes for room", [thing("a", { bytes: 0 }), thing("b", { bytes: 30, hold: "kept" })], { bytes: 20 }, []],
    ["what is dated in the future is fresh", [thing("a", { usedAt: now * 2 })], {}, []],
    ["of two of one time always the same", [thing("b"), thing("a")], { bytes: 10 }, ["a"]],
    ["what is of no use to anybody, unless it is held", [thing("a", { spent: "x" }), thing("b", { spent: "x", hold: "kept" })], {}, ["a"]],
    ["everything where the limit is below nothing", [thing("a"), thing("b")], { bytes: -1 }, ["a", "b"]],
  ])("%s", (_, things, limits, ids) => {
    expect(going(things, limit(limits))).toEqual(ids);
  });

  test("each decision says why", () => {
    const decisions = planRetention([thing("a", { usedAt: 0 }), thing("b", { usedAt: 1, hold: "its build runs" }), thing("c", { usedAt: now - 2 }), thing("d", { usedAt: now })], limit({ bytes: 20 }), now);
    expect(decisions.map(({ why }) => why)).toEqual(["over the age limit", "its build runs", "the oldest of what is over the size limit", "within the limits"]);
  });
});

describe("for all things and limits", () => {
  const things = array(record({ bytes: integer({ min: 0, max: 50 }), usedAt: integer({ min: now - 3000, max: now + 500 }), hold: option(constantFrom("its build runs", "kept", "nobody knows what it is"), { freq: 3 }) }), { maxLength: 20 })
    .map((all) => all.map((one, index): Thing => ({ id: `t${index}`, ...one })));
  const limits = record({ ageMs: integer({ min: 0, max: 4000 }), bytes: integer({ min: -10, max: 400 }) });
  const holds = (check: (all: readonly Thing[], within: Limit, decisions: ReturnType<typeof planRetention>) => void) =>
    assert(property(things, limits, (all, within) => check(all, within, planRetention(all, within, now))), { numRuns: 500 });
  const sum = (all: readonly Thing[]) => all.reduce((total, { bytes }) => total + bytes, 0);

  test("everything is decided once, and nothing held goes", () => {
    holds((all, _, decisions) => {
      expect(decisions.map(({ thing: { id } }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
      expect(decisions.filter(({ thing: { hold }, goes }) => hold !== null && goes)).toEqual([]);
    });
  });

  test("what stays is within the limits, or may not go", () => {
    holds((_, within, decisions) => {
      const stays = decisions.filter(({ goes }) => !goes).map(({ thing: one }) => one);
      const free = stays.filter(({ hold }) => hold === null);
      expect(free.filter(({ usedAt }) => now - usedAt > within.ageMs)).toEqual([]);
      if (sum(stays) > within.bytes) expect(sum(free)).toBe(0);
    });
  });

  test("nothing goes for size that could stay: with the youngest of them it would be too much", () => {
    holds((_, within, decisions) => {
      const forSize = decisions.filter(({ goes, thing: { usedAt } }) => goes && now - usedAt <= within.ageMs).map(({ thing: one }) => one);
      const youngest = forSize.at(-1);
      if (!youngest) return;
      const stays = decisions.filter(({ goes }) => !goes).map(({ thing: one }) => one);
      expect(sum([...stays, youngest])).toBeGreaterThan(within.bytes);
      const younger = stays.filter(({ hold, bytes, usedAt }) => hold === null && bytes > 0 && usedAt < youngest.usedAt);
      expect(younger, "the oldest go first").toEqual([]);
    });
  });

  test("a second look after the first finds nothing to do", () => {
    holds((_, within, decisions) => {
      const stays = decisions.filter(({ goes }) => !goes).map(({ thing: one }) => one);
      expect(planRetention(stays, within, now).filter(({ goes }) => goes)).toEqual([]);
    });
  });
});
