import type { ChildProcess } from "node:child_process";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../harness/base/wait.ts";
import type { BuildEvent } from "../../harness/build/events.ts";
import type { Results } from "../../reports/results.ts";
import { newRunId } from "./host.ts";
import { inLab } from "./support/in-lab.ts";
import { type Lab, type Outcome, usualFlags } from "./support/lab.ts";

let lab: Lab;
let recipe: string;

inLab(async (opened) => {
  lab = opened;
  recipe = await lab.recipe("tiny");
});

type Moment = (event: BuildEvent) => boolean;

const begins = (phase: string): Moment => (event) => event.type === "phase-begin" && event.phase === phase;
const waitingIn = (phase: string, words: RegExp): Moment => (event) => event.type === "waiting" && event.phase === phase && words.test(event.line);
const ends = (phase: string): Moment => (event) => event.type === "phase-end" && event.phase === phase;

interface Hit {
  readonly run: string;
  readonly out: string;
  readonly outcome: Outcome;
  /** From the signal to the process's end. */
  readonly afterMs: number;
}

/** Starts a build and sends it a signal at the first event that is the moment. */
async function hitAt(moment: Moment, strike: (child: ChildProcess) => void): Promise<Hit> {
  const out = newRunId("out");
  let [run, struck] = ["", 0];
  const args = ["run", recipe, ...usualFlags, "--out", lab.path(out), "--json"];
  const onEvent = (event: BuildEvent, child: ChildProcess) => {
    if (event.type === "build") run = event.run;
    if (struck > 0 || !moment(event)) return;
    struck = performance.now();
    strike(child);
  };
  const outcome = await lab.start(args, { onEvent }).ended;
  expect(struck, `the moment never came\n${outcome.stdout}\n${outcome.stderr}`).toBeGreaterThan(0);
  return { run, out, outcome, afterMs: performance.now() - struck };
}

async function interrupted(hit: Hit, code: number, signal: string): Promise<Results> {
  expect(hit.outcome.code, hit.outcome.stderr).toBe(code);
  const results = lab.results(hit.out);
  expect(results).toMatchObject({ run: { id: hit.run }, verdict: "interrupted", reason: { class: "interrupted", summary: expect.stringContaining(signal) } });
  expect(results.teardown).toMatchObject({ status: "clean", residue: [] });
  expect(results.phases.map(({ name }) => name).slice(-3)).toEqual(["collect", "teardown", "report"]);
  expect(await lab.host.left(hit.run)).toEqual([]);
  expect(await lab.leftovers()).toEqual([]);
  expect(hit.afterMs, `it took ${Math.round(hit.afterMs)} ms to end`).toBeLessThan(15_000);
  return results;
}

describe("incident 3: an interrupted build", () => {
  it.each([
    { when: "the Swarm is being made", phase: "preflight", moment: ends("preflight") },
    { when: "abra's app is being made", phase: "prepare", moment: begins("prepare") },
    { when: "the app settles", phase: "install", moment: waitingIn("install", /./) },
    { when: "the upgrade runs", phase: "upgrade", moment: begins("upgrade") },
  ])("by SIGINT while $when: exit 130, results, nothing left", async ({ phase, moment }) => {
    const results = await interrupted(await hitAt(moment, (child) => child.kill("SIGINT")), 130, "SIGINT");
    const stopped = results.phases.find(({ status }) => status === "interrupted");
    if (phase === "preflight") expect(["preflight", "fetch", "lint"]).toContain(stopped?.name);
    else expect(stopped?.name).toBe(phase);
  });

  it("by SIGTERM while the app settles: exit 143, results, nothing left", async () => {
    await interrupted(await hitAt(waitingIn("install", /./), (child) => child.kill("SIGTERM")), 143, "SIGTERM");
  });

  it("by SIGINT to its whole process group, as Ctrl-C does: the same", async () => {
    await interrupted(await hitAt(begins("install"), (child) => process.kill(-(child.pid ?? 0), "SIGINT")), 130, "SIGINT");
  });

  it("by SIGINT while it takes down: it takes down to the end", async () => {
    const hit = await hitAt(begins("teardown"), (child) => child.kill("SIGINT"));
    const results = lab.results(hit.out);
    expect(results.teardown).toMatchObject({ status: "clean", residue: [] });
    expect(await lab.host.left(hit.run)).toEqual([]);
    expect([0, 130]).toContain(hit.outcome.code);
  });
});

describe("incident 31: a build that is killed with SIGKILL", () => {
  it("while its app settles: node, network and volumes are gone within 60 s", async () => {
    const hit = await hitAt(waitingIn("install", /./), (child) => child.kill("SIGKILL"));
    expect(hit.outcome.code).toBe("SIGKILL");
    expect(lab.hasResults(hit.out)).toBe(false);
    const traces = await lab.host.left(hit.run);
    expect(traces.filter((one) => one.startsWith("container"))).toHaveLength(1);
    expect(traces.filter((one) => one.startsWith("volume"))).toHaveLength(1);
    await waitFor(
      async () => {
        const left = await lab.host.left(hit.run);
        return left.length === 0 ? { done: true, value: undefined } : { done: false, saw: left.join(", ") };
      },
      { what: "the node to end itself", timeoutMs: 60_000 - hit.afterMs, signal: AbortSignal.timeout(90_000) },
    );
  });
});
