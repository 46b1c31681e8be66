import { describe, expect, test } from "vitest";
import type { BuildEvent } from "../../../harness/build/events.ts";
import { faults, notTried } from "../../faults/faults.ts";
import { isAt, isLate, phases, points } from "../../faults/points.ts";

const named = (name: string) => points.find((point) => point.name === name) ?? expect.fail(`no point ${name}`);

test("there are 40 points at least with a quick recipe, and 6 with wordpress; no two are called the same", () => {
  const quick = points.filter(({ fixture, swarm }) => fixture !== "wordpress" && swarm === "ephemeral");
  expect(quick.length).toBeGreaterThanOrEqual(40);
  expect(points.filter(({ fixture }) => fixture === "wordpress")).toHaveLength(6);
  const names = [...points, ...faults].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test.each(phases.flatMap((phase) => [["begin", phase], ["end", phase]] as const))("%s of %s is a point", (on, phase) => {
  expect(points.filter(({ moment, swarm }) => swarm === "ephemeral" && moment.on === on && "phase" in moment && moment.phase === phase && moment.afterMs === undefined)).not.toEqual([]);
});

/** What a build of tiny said, with its repetitions left out. */
const said = [
  "starting a throwaway node", "forming the Swarm", "starting the edge", "pulling nginx:1.27: 1 of 5 layers", "pulling nginx:1.27: 3 of 5 layers",
  "install> no service yet", "install> app: pending (pending task scheduling)", "install> app: starting (health 0 s of 60 s)", "install> 1 service up, held 0 s of 5 s",
  "upgrade> no service yet", "upgrade> app: starting (health 0 s of 60 s)", "upgrade> 1 service up, held 0 s of 5 s", "upgrade> app: not updated yet",
  "upgrade> app: updating, 0 of 1 up", "upgrade> app: updating, 1 of 1 up", "extra> 10 connections ask for / for 60 s",
  "extra> the daemon gives no good answer (socket hang up)",
];
const waits = said.map((text): BuildEvent => {
  const [phase, line] = text.includes("> ") ? (text.split("> ") as [string, string]) : ["fetch", text];
  return { type: "waiting", phase, line, news: true };
});

describe("a wait inside a phase is recognised in a stream as builds write it, once", () => {
  const inside = points.filter(({ fixture, moment }) => fixture === "tiny" && moment.on === "waiting");
  test.each(inside.map((point) => [point.name, point.moment] as const))("%s", (_, moment) => {
    expect(waits.filter((event) => isAt(moment, event))).toHaveLength(1);
  });
});

test("only its own event is a moment", () => {
  const begin = named("tiny: begin of install").moment;
  const events: BuildEvent[] = [
    { type: "phase-begin", phase: "install" },
    { type: "phase-end", phase: "install", status: "passed", durationMs: 1 },
    { type: "phase-begin", phase: "upgrade" },
    { type: "build", run: "r", source: "s", out: "o" },
    { type: "verdict", verdict: "passed", level: 1, results: "" },
    { type: "note", line: "starting a throwaway node" },
  ];
  expect(events.map((event) => isAt(begin, event))).toEqual([true, false, false, false, false, false]);
  expect(events.map((event) => isAt({ on: "start" }, event))).toEqual([false, false, false, true, false, false]);
  expect(events.map((event) => isAt({ on: "verdict" }, event))).toEqual([false, false, false, false, true, false]);
  expect(events.map((event) => isAt(named("tiny: the node is started").moment, event))).not.toContain(true);
});

test.each([
  ["tiny: first word", false],
  ["tiny: the node is started", false],
  ["tiny: begin of upgrade", false],
  ["tiny: end of upgrade", true],
  ["tiny: begin of extra", true],
  ["tiny: under load", false],
  ["custom-html: begin of backup", false],
  ["custom-html: end of backup", false],
  ["custom-html: its tests run", false],
  ["custom-html: end of custom", true],
  ["wordpress: begin of teardown", true],
  ["tiny: all is said", true],
])("whether it may be too late to change anything: %s, %s", (name, late) => expect(isLate(named(name))).toBe(late));

test("no fault may be told as the recipe's, and what is not tried says why", () => {
  expect(faults.filter(({ verdicts }) => (verdicts as readonly string[]).includes("failed"))).toEqual([]);
  expect(notTried.filter(([what, why]) => what === "" || why.length < 20)).toEqual([]);
});
