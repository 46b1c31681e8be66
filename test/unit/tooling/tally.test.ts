import { describe, expect, test } from "vitest";
import { closingLine, type SuiteCounts, tally } from "../../run/tally.ts";

const green: SuiteCounts = { passed: 3, failed: 0, skipped: [], errors: [], complete: true };

describe("what counts as a failure", () => {
  const cases: [string, SuiteCounts | null, number, number, RegExp | null][] = [
    ["a green suite has none", green, 0, 0, null],
    ["a failed test", { ...green, failed: 2 }, 1, 2, null],
    ["incident 10: no test at all", { ...green, passed: 0 }, 0, 1, /no tests were found/],
    ["a skipped test that is not listed", { ...green, skipped: ["a > b"] }, 0, 1, /skipped without a listed reason: a > b/],
    ["a listed skip is none", { ...green, skipped: ["known > skip"] }, 0, 0, null],
    ["a file that does not load", { ...green, errors: ["a.test.ts: boom"] }, 1, 1, /boom/],
    ["an exit code that nothing explains", green, 7, 1, /exit code 7/],
    ["no result at all", null, 137, 1, /exit code 137 before/],
    ["broken off", { ...green, complete: false }, 130, 1, /broken off/],
  ];
  test.each(cases)("%s", (_, counts, exitCode, failed, note) => {
    const result = tally("unit", counts, exitCode, { "known > skip": "needs two machines" });
    expect(result.failed).toBe(failed);
    expect(result.passed).toBe(counts?.passed ?? 0);
    if (note) expect(result.notes.join("\n")).toMatch(note);
    else expect(result.notes).toEqual([]);
  });
});

test("the closing line sums all suites", () => {
  expect(closingLine([{ passed: 3, failed: 0 }, { passed: 4, failed: 2 }])).toBe("7 passed, 2 failed");
});
