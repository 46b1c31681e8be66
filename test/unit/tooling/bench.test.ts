import { describe, expect, test } from "vitest";
import { allowance, median, report } from "../../bench/table.ts";
import { allKept, type Figure, percentile, shown, table } from "../../bench/watch/figures.ts";

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

describe("figures of the watch", () => {
  const figure = (value: number, most: number | null): Figure => ({ what: "p95", value, unit: "ms", most });
  const row = (one: Figure) => ({ scenario: "gave up", figures: [one], abra: "none in 120 s", docker: "none in 120 s" });

  test.each([
    [250, 250, true, "p95: 250 ms (at most 250 ms: ok)"],
    [250.4, 250, false, "p95: 250 ms (at most 250 ms: OVER)"],
    [Number.NaN, 250, false, "p95: NaN ms (at most 250 ms: OVER)"],
    [9000, null, true, "p95: 9000 ms"],
    [Number.NaN, null, false, "p95: NaN ms"],
  ])("%f with a bound of %j", (value, most, kept, text) => {
    expect(allKept([row(figure(1, 2)), row(figure(value, most))])).toBe(kept);
    expect(shown(figure(value, most))).toBe(text);
  });

  test("are a table in Markdown", () => {
    expect(table([row(figure(12, 250))]).split("\n").at(-1)).toBe("| gave up | p95: 12 ms (at most 250 ms: ok) | none in 120 s | none in 120 s |");
  });

  test.each([[[3, 1, 2], 3], [Array.from({ length: 20 }, (_, index) => index + 1), 19], [[7], 7], [[], Number.NaN]])("the 95th percentile of %j is %f", (values, expected) => {
    expect(percentile(values, 0.95)).toBe(expected);
  });
});
