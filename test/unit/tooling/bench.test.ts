import { describe, expect, test } from "vitest";
import { allowance, median, report } from "../../bench/table.ts";

test.each([[10_000, 1500], [30_000, 1500], [60_000, 3000]])("over a plain script of %i ms, %i ms are allowed", (plain, allowed) => {
  expect(allowance(plain)).toBe(allowed);
});

test.each([[[3, 1, 2], 2], [[4, 1, 3, 2], 2.5], [[7], 7]])("the median of %j is %f", (values, expected) => {
  expect(median(values)).toBe(expected);
});

describe("the verdict is the medians'", () => {
  const pair = (recipeCi: number, plain: number) => ({ recipeCi, plain });
  test("one slow pair does not exceed", () => {
    const { met, text } = report("tiny", [pair(11_000, 10_000), pair(20_000, 10_000), pair(11_400, 10_000)]);
    expect(met).toBe(true);
    expect(text).toContain("median     11.4 s        10.0 s      +1.4 s   1.14\n");
    expect(text).toContain("allowed: 1.5 s over the plain script");
  });
  test("1.6 s over 10 s exceed", () => expect(report("tiny", [pair(11_600, 10_000)]).met).toBe(false));
  test("2.9 s over 60 s are kept", () => expect(report("tiny", [pair(62_900, 60_000)]).met).toBe(true));
  test("faster is fine and says so", () => expect(report("tiny", [pair(9000, 10_000)]).text).toContain("-1.0 s"));
});
