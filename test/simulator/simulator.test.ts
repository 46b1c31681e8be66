import { describe, expect, test } from "vitest";
import { type Run, run } from "./run.ts";

/** Worlds from seed 1 on, for this long, and so many at least: the rest is `npm run simulate`'s. */
const budgetMs = 20_000;
const fewest = 150;

function told({ scenario, mark, outcome, seen, truth }: Run): string {
  return `${mark}, seed ${scenario.seed} (${scenario.kind}): ${outcome} ${seen.verdict?.summary ?? seen.standing?.line}; truth: ${truth.why.join(", ") || "well"}`;
}

test("20 s of made-up Swarms: no false red, nothing missed, nobody wrongly blamed", () => {
  const wrong: string[] = [];
  const outcomes = new Set<string>();
  const end = performance.now() + budgetMs;
  for (let seed = 1; seed <= fewest || performance.now() < end; seed++) {
    const one = run(seed);
    outcomes.add(`${one.truth.well ? "well" : "bad"}: ${one.outcome}`);
    if (one.mark !== "right") wrong.push(told(one));
  }
  expect(wrong).toEqual([]);
  expect([...outcomes]).toEqual(expect.arrayContaining(["well: green", "bad: crash-loop", "bad: unhealthy-loop", "bad: gave-up", "bad: rejected", "bad: image-pull", "bad: rolled-back"]));
});

describe("a world", () => {
  test("is the same again for the same seed, verdict and all", () => {
    for (const seed of [3, 14, 159]) expect(run(seed)).toEqual(run(seed));
  });

  test("differs from seed to seed", () => {
    expect(new Set(Array.from({ length: 50 }, (_, seed) => JSON.stringify(run(seed).scenario.services))).size).toBe(50);
  });
});
