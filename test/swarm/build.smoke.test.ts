import { describe, expect, it } from "vitest";
import { iso } from "../../harness/base/clock.ts";
import type { Results } from "../../reports/results.ts";
import { inLab } from "./support/in-lab.ts";
import { type Lab, type Outcome } from "./support/lab.ts";

const phases = ["admit", "preflight", "fetch", "lint", "prepare", "prepull", "install", "upgrade", "backup", "restore", "custom", "extra", "converge", "collect", "teardown", "report"];

let lab: Lab;
let outcome: Outcome;
let results: Results;

inLab(async (opened) => {
  lab = opened;
  outcome = await lab.run([await lab.recipe("tiny")]);
  if (!lab.hasResults()) throw new Error(`no results: ${outcome.stdout}${outcome.stderr}`);
  results = lab.results();
});

describe("one whole build of a small recipe", () => {
  it("passes, with exit code 0 and level 3: what it lacks by its structure stops nothing before its own tests", () => {
    expect(results).toMatchObject({ verdict: "passed", reason: null, level: 3, rungs: { install: "pass", upgrade: "pass", backup_restore: "skip", functional: "skip" } });
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toContain(lab.path("out", "results.json"));
  });

  it("ran tests in both tiers, and all of them passed", () => {
    expect(results.tiers.map(({ name, status }) => `${name} ${status}`)).toEqual(["install passed", "upgrade passed", "backup skipped", "restore skipped", "custom skipped"]);
    for (const tier of results.tiers.filter(({ status }) => status !== "skipped")) {
      expect(tier.tests.length, tier.name).toBeGreaterThan(0);
      expect(tier.tests.filter(({ status }) => status !== "passed"), tier.name).toEqual([]);
    }
  });

  it("upgraded from the newest version to a head that differs", () => {
    expect(results.recipe).toMatchObject({ name: "tiny", version: "0.3.0+1.27", dirty: false, base: { version: "0.2.0+1.27" } });
    expect(results.recipe.base?.commit).not.toBe(results.recipe.commit);
  });

  it("has phases in order, disjoint, that add up to the run within 1 %", () => {
    expect(results.phases.map(({ name }) => name)).toEqual(phases);
    let end = Date.parse(results.run.startedAt);
    for (const phase of results.phases) {
      expect(phase.startedAt, `${phase.name} begins where the phase before it ended`).toBe(iso(end));
      end += phase.durationMs;
    }
    const sum = results.phases.reduce((total, { durationMs }) => total + durationMs, 0);
    expect(Math.abs(sum - results.run.durationMs)).toBeLessThanOrEqual(results.run.durationMs / 100);
    // The process does little before the first phase and after the last.
    expect(outcome.durationMs - sum).toBeLessThan(3000);
  });

  it("says that abra was played by the stand-in, and what of it is unconfirmed", () => {
    expect(results.target?.abra.standIn).toBe(true);
    expect(results.target?.abra.unconfirmed.length).toBeGreaterThan(0);
    expect(outcome.stdout).toContain("stand-in");
  });

  it("leaves nothing: no container, volume, network, file", async () => {
    expect(results.teardown).toMatchObject({ status: "clean", residue: [] });
    expect(await lab.host.left(results.run.id)).toEqual([]);
    expect(await lab.leftovers()).toEqual([]);
  });
});
