import { describe, expect, test } from "vitest";
import { readArguments } from "../../faults/arguments.ts";
import { again, allOthers, allPoints, called, signals, soak, soakCase, somePoints } from "../../faults/cases.ts";
import { points } from "../../faults/points.ts";

const names = (cases: readonly { name: string }[]) => cases.map(({ name }) => name);

test("a full run strikes every point with every signal", () => {
  expect(allPoints()).toHaveLength(points.length * signals.length);
  expect(new Set(names(allPoints())).size).toBe(points.length * signals.length);
});

test("a seed decides which points are tried, none twice, and no more than there are", () => {
  expect(names(somePoints(7, 10))).toEqual(names(somePoints(7, 10)));
  expect(names(somePoints(7, 10))).not.toEqual(names(somePoints(8, 10)));
  expect(new Set(names(somePoints(7, 10))).size).toBe(10);
  expect(names(somePoints(7, 9999)).toSorted()).toEqual(names(allPoints()).toSorted());
});

describe("the soak", () => {
  test("is builds of the tiny recipe on Swarms of their own, many of them undisturbed", () => {
    const all = soak(3, 200);
    expect(all.filter(({ fixture, swarm, flags }) => fixture !== "tiny" || swarm !== "ephemeral" || flags.includes("--extra"))).toEqual([]);
    const kinds = Map.groupBy(all, ({ action }) => action.kind);
    expect(kinds.get("none")?.length).toBeGreaterThan(40);
    expect(kinds.get("signal")?.length).toBeGreaterThan(60);
    expect(kinds.size).toBeGreaterThan(6);
  });

  test("plays a build again by seed and number, whatever was played before it", () => {
    expect(soakCase(3, 150)).toEqual(soak(3, 200)[149]);
    expect(names(soak(3, 20))).not.toEqual(names(soak(4, 20)));
  });
});

test("what failed is found again by what is printed", () => {
  for (const one of [...allPoints(), ...allOthers(), ...soak(5, 30)]) {
    const printed = again(one, 5);
    const [, only = ""] = /--only ("(?:[^"\\]|\\.)*")/.exec(printed) ?? [];
    expect(called(JSON.parse(only) as string, 5)).toEqual([one]);
  }
  expect(names(called("tiny: begin of install", 1))).toEqual(signals.map((signal) => `tiny: begin of install, ${signal}`));
  expect(called("no such fault", 1)).toEqual([]);
});

describe("arguments", () => {
  const read = (...argv: string[]) => readArguments(argv, { from: "/work", defaultOut: "/out", anySeed: 11 });

  test("without any: everything, with a soak of 200", () => {
    expect(read()).toMatchObject({ install: false, seed: 11, atOnce: 4, out: "/out" });
    expect(read().cases).toHaveLength(allPoints().length + allOthers().length + 200);
  });

  test("a few", () => {
    const { cases, seed, out } = read("--seed", "2", "--points", "10", "--no-others", "--soak", "20", "--out", "there");
    expect({ seed, out }).toEqual({ seed: 2, out: "/work/there" });
    expect(Object.fromEntries([...Map.groupBy(cases, ({ group }) => group)].map(([group, all]) => [group, all.length]))).toEqual({ points: 10, soak: 20 });
  });

  test("one", () => expect(names(read("--only", "soak 7", "--seed", "2").cases)).toEqual([soakCase(2, 7).name]));

  test.each([
    [["--points", "many"], /--points "many": give a whole number/],
    [["--soak", "-1"], /--soak|argument/],
    [["--at-once", "0"], /--at-once 0: give 1 or more/],
    [["--only", "nothing"], /--only "nothing": no fault is called so/],
    [["--points", "0", "--soak", "0", "--no-others"], /nothing is asked for/],
    [["--sede", "1"], /--sede/],
  ])("refuses %j", (argv, words) => expect(() => read(...argv)).toThrow(words));
});
