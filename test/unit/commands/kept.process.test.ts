import { execa } from "execa";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";
import { thisProcess } from "../../../harness/base/processIdentity.ts";
import { Build } from "../../../harness/build/context.ts";
import { holdKept } from "../../../harness/build/keep.ts";
import { type KeptRun, keptRun, keptRuns, rememberRun } from "../../../harness/build/kept.ts";
import { prolongKept } from "../../../harness/queue/lease.ts";
import { leaseName, type LeaseRecord, readLabels, toLabels } from "../../../harness/queue/leaseRecord.ts";
import { FakeEngine } from "../swarm/engine.ts";
import { request } from "../build/request.ts";

/** Kept runs of a Swarm that stays; the engine is played. */

let engine: FakeEngine;
let dir: string;
const signal = new AbortController().signal;
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

beforeEach(async () => {
  engine = await FakeEngine.start();
  dir = mkdtempSync(join(tmpdir(), "recipe-ci-kept-"));
  vi.stubEnv("RECIPE_CI_STATE", dir);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

function keep(more: Partial<KeptRun> = {}, state: LeaseRecord["state"] = "kept"): KeptRun {
  const kept: KeptRun = {
    schema: 1, run: "k1", recipe: "tiny", source: ".", variant: null, swarm: "local", place: "cluster-1", container: null, domain: "tiny1.ci.test", stack: "tiny1_ci_test", abraDir: "/abra",
    abra: { path: "/bin/abra", standIn: false }, edge: { address: "127.0.0.1", httpsPort: 443 }, cache: null, secrets: {}, expiresAt: inMinutes(5), ...more,
  };
  rememberRun(kept);
  const record: LeaseRecord = { run: "k1", recipe: "tiny", owner: thisProcess(), harness: "0", lane: "default", weight: 1, state, until: kept.expiresAt, beat: 0, owns: [{ kind: "stack", name: kept.stack }] };
  engine.add("configs", leaseName("k1"), toLabels(record));
  engine.addStack(kept.stack);
  return kept;
}

const until = () => {
  const reading = readLabels(engine.things.configs.find(({ name }) => name === leaseName("k1"))?.labels);
  return reading?.kind === "lease" ? reading.record.until : null;
};

async function recipeCi(...args: string[]) {
  const ran = await execa(join(packageRoot, "bin/recipe-ci"), args, { reject: false, timeout: 25_000, env: { DOCKER_HOST: `unix://${engine.socket}`, RECIPE_CI_STATE: dir } });
  return { code: ran.exitCode, said: `${ran.stdout}${ran.stderr}` };
}

describe("recipe-ci rm", () => {
  test("removes the app and its lease on the Swarm where it was kept", async () => {
    keep();
    expect(await recipeCi("rm", "k1")).toEqual({ code: 0, said: "run k1 is removed" });
    expect(engine.names).toEqual([]);
    expect(keptRuns()).toEqual([]);
  });

  test.each([["rm", "k1"], ["logs", "k1", "app"], ["shell", "k1", "app"]])("%s on another Swarm touches nothing there, forgets nothing here, and says which is meant", async (...args) => {
    keep();
    engine.cluster = "cluster-2";
    const { code, said } = await recipeCi(...args);
    expect([code, said]).toEqual([2, expect.stringContaining("run k1: is kept on the Swarm cluster-1, and this is the Swarm cluster-2; choose its engine with docker context use")]);
    expect(engine.calls).toEqual([]);
    expect(keptRuns()).toHaveLength(1);
  });

  test("a throwaway node is looked for on its own engine only: on another one it would seem to be gone", async () => {
    keep({ swarm: "ephemeral", container: "c1", place: "engine-of-a-laptop" });
    expect(await recipeCi("rm", "k1")).toMatchObject({ code: 2, said: expect.stringContaining("is kept on the engine engine-of-a-laptop, and this is the engine engine-1") });
    expect(keptRuns()).toHaveLength(1);
  });

  test.each<[string, Partial<KeptRun>]>([
    ["whose time is over can be forgotten from anywhere", { expiresAt: inMinutes(-1), place: "cluster-9" }],
    ["that an earlier recipe-ci kept says no place", { place: null }],
  ])("one %s", async (_, more) => {
    keep(more);
    expect(await recipeCi("rm", "k1")).toMatchObject({ code: 0 });
    expect(keptRuns()).toEqual([]);
  });
});

describe("run --on a kept run", () => {
  const hold = (kept: KeptRun) => holdKept(new Build(request, () => {}, signal), engine.docker, kept);

  test("lets its lease stand for as long as that may take: nobody sweeps the app meanwhile", async () => {
    await hold(keep());
    const wanted = Date.now() + request.deadlineMs + 14 * 60_000;
    expect(Date.parse(until() ?? "")).toBeGreaterThan(wanted);
    expect(keptRun("k1").expiresAt).toBe(until());
  });

  test("shortens nothing", async () => {
    const kept = keep({ expiresAt: inMinutes(600) });
    await hold(kept);
    expect([until(), keptRun("k1").expiresAt]).toEqual([kept.expiresAt, kept.expiresAt]);
    expect(engine.calls).toEqual([]);
  });

  test.each<[string, () => void]>([
    ["is being taken down", () => void keep({}, "taken")],
    ["has no lease any more", () => {
      keep();
      engine.things.configs.splice(0);
    }],
  ])("that %s is refused", async (_, given) => {
    given();
    await expect(hold(keptRun("k1"))).rejects.toThrow("run k1: is not kept any more");
  });

  test("loses no change that others make to the lease at once", async () => {
    keep();
    const times = Array.from({ length: 10 }, (_, index) => inMinutes(30 + index));
    await Promise.all(times.map((time) => prolongKept(engine.docker, "k1", time, signal)));
    expect(until()).toBe(times.at(-1));
  });
});
