import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";
import type { Results } from "../../../reports/results.ts";
import { applications } from "../../nightly/applications.ts";
import { buildTable, isGood, remarks, scenarioTable } from "../../nightly/table.ts";
import { passed } from "../reports/samples.ts";

const at = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, "0")}.000Z`;
const span = (name: string, from: number, seconds: number) => ({ name, startedAt: at(from), durationMs: seconds * 1000 });
const tested = (name: string, status: "passed" | "failed" = "passed") => ({ name, status, durationMs: 1, error: null });
const night: Results = {
  ...passed,
  reason: null,
  teardown: { ...passed.teardown, status: "clean", residue: [] },
  phases: [
    { name: "install", startedAt: at(0), durationMs: 8_200, status: "passed", spans: [] },
    { name: "extra", startedAt: at(10), durationMs: 40_000, status: "failed", spans: [span("the recipe's own", 5, 5), span("load", 10, 20), span("load tests", 29, 1), span("redeploy", 30, 12), span("redeploy tests", 41, 1)] },
  ],
  tiers: [
    { name: "install", status: "passed", reason: null, tests: [tested("page")] },
    { name: "extra", status: "passed", reason: "without drain (one node)", notes: ["load: 40 answers a second"], tests: [tested("orders come through"), tested("load: pages"), tested("load: memory", "failed"), tested("redeploy: nothing restarts")] },
  ],
};
const none = { application: "gitea", results: null };

test("a build is a line: verdict, level, and how each tier ended and when", () => {
  expect(buildTable([{ application: "shop", results: night }, none]).split("\n")).toEqual([
    "| application | verdict | level | whole build | install | upgrade | backup | restore | custom | extra |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    "| shop | passed | 3 | 42.1 s | passed 8.2 s |  |  |  |  | passed 40.0 s |",
    "| gitea | no results |  |  |  |  |  |  |  |  |",
  ]);
});

test("a scenario is a line: what it took, its tests within it, and how many of them passed", () => {
  expect(scenarioTable([{ application: "shop", results: night }, none]).split("\n").slice(2)).toEqual([
    "| shop | the recipe's own | 5.0 s | 1 of 1 passed |",
    "| shop | load | 20.0 s | 1 of 2 passed |",
    "| shop | redeploy | 12.0 s | 1 of 1 passed |",
  ]);
  expect(scenarioTable([none])).toBe("");
});

test("what did not pass, was left out, was measured or was left behind is said", () => {
  const bad: Results = {
    ...night,
    reason: { class: "crash-loop", service: "db", summary: "db: 4 failures", evidence: [], hint: "" },
    teardown: { ...night.teardown, status: "leaked", residue: [{ kind: "volume", id: "v", name: "shop_data", remove: "" }] },
  };
  expect(remarks([{ application: "shop", results: bad }, none])).toEqual([
    "shop: crash-loop (db): db: 4 failures",
    "shop: extra: without drain (one node)",
    "shop: load: 40 answers a second",
    "shop: left behind: volume shop_data",
    "gitea: the build left no results",
  ]);
});

test("good is what passed and left nothing", () => {
  const good = (change: Partial<Results>) => isGood({ application: "shop", results: { ...night, ...change } });
  expect([good({}), good({ verdict: "unverified" }), good({ teardown: { ...night.teardown, status: "leaked" } }), isGood(none)]).toEqual([true, false, false, false]);
});

test("every application is a fixture", () => {
  expect(applications.filter((name) => !existsSync(join(packageRoot, "test/recipes", name)))).toEqual([]);
});
