import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { FindingError } from "../../harness/base/errors.ts";
import { Mask } from "../../harness/base/mask.ts";
import { waitFor } from "../../harness/base/wait.ts";
import { handOver } from "../../harness/swarm/ephemeral/image.ts";
import { startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { startWatch, type Watch, type WatchOptions } from "../../harness/watch/watch.ts";
import { newRunId, testMachine } from "./host.ts";

/** The watch on a real Swarm. Node and tests share the kernel's clock, so Date.now() and the daemon's stamps compare. */

const image = "nginx:1.27";
const signal = AbortSignal.timeout(600_000);
const second = 1_000_000_000;
const timeoutMs = 90_000;

let swarm: Throwaway;
let watch: Watch;
let stack: string;
let turn = 0;

beforeAll(async () => {
  const { docker: host, nodeImage, edgeImage } = await testMachine([image], signal);
  swarm = await startThrowaway({ host, nodeImage, edgeImage, runId: newRunId("watch"), waitForEdge: false, signal });
  await handOver(host, swarm.docker, image, signal);
});

afterEach(async () => {
  await watch.stop();
  const filters = { label: [`com.docker.stack.namespace=${stack}`] };
  for (const { ID } of await swarm.docker.listServices({ filters })) await swarm.docker.getService(ID).remove();
  await waitFor(async () => {
    const tasks = await swarm.docker.listTasks({ filters });
    return tasks.length === 0 ? { done: true, value: undefined } : { done: false, saw: `${tasks.length} tasks` };
  }, { what: "the stack to be gone", timeoutMs: 30_000, signal });
});

afterAll(async () => {
  await swarm?.close();
});

function start(options: Partial<WatchOptions> = {}): void {
  stack = `watched${++turn}`;
  watch = startWatch({ docker: swarm.docker, stack, dependencies: new Map(), missingImages: [], mask: new Mask(), signal, ...options });
}

interface Extra {
  readonly container?: object;
  readonly restart?: object;
  readonly update?: object;
  readonly image?: string;
}

function specOf(name: string, script: string, { container = {}, restart = {}, update: updating = {}, image: ref = image }: Extra = {}): Docker.CreateServiceOptions {
  const labels = { "com.docker.stack.namespace": stack };
  return {
    Name: `${stack}_${name}`,
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: { Image: ref, Command: ["sh", "-c", script], Labels: labels, StopGracePeriod: second, ...container },
      RestartPolicy: restart,
    },
    Mode: { Replicated: { Replicas: 1 } },
    UpdateConfig: { Parallelism: 1, Monitor: 2 * second, ...updating },
  } as unknown as Docker.CreateServiceOptions;
}

async function create(name: string, script: string, extra: Extra = {}): Promise<void> {
  await swarm.docker.createService(specOf(name, script, extra));
}

async function update(name: string, script: string, extra: Extra = {}): Promise<void> {
  const service = swarm.docker.getService(`${stack}_${name}`);
  const { Version } = await service.inspect() as { Version: { Index: number } };
  await service.update({ ...specOf(name, script, extra), version: Version.Index });
}

/** When the watch broke, by the wall clock, and why. */
function broken(): Promise<{ at: number; error: FindingError }> {
  return new Promise((resolve) => {
    const done = () => resolve({ at: Date.now(), error: watch.broken.reason as FindingError });
    if (watch.broken.aborted) done();
    else watch.broken.addEventListener("abort", done, { once: true });
  });
}

async function stampOf(task: string): Promise<number> {
  const inspected = await swarm.docker.getTask(task).inspect() as { Status: { Timestamp: string } };
  return Date.parse(inspected.Status.Timestamp);
}

describe("against the recipe", () => {
  test("a service that exits 1 at once is a crash loop, known within 250 ms of the deciding failure", async () => {
    const mask = new Mask();
    mask.add("correct-horse");
    start({ mask });
    await watch.beforeChange("deploy");
    await create("app", "echo the password is correct-horse; exit 1");
    watch.afterChange();
    const { at, error } = await broken();
    const { failures, restarts, decidedMs } = watch.report();
    expect(error).toMatchObject({ blame: "recipe", reason: { class: "crash-loop", service: "app" } });
    expect(restarts).toEqual({ app: 4 });
    expect(failures.at(-1)).toMatchObject({ exitCode: 1, excusedBy: null, log: ["the password is •••"] });
    expect(error.reason.evidence.join("\n")).toContain("the password is •••");
    const late = at - await stampOf(failures.at(-1)?.task ?? "");
    console.log(`crash loop: known ${late} ms after the deciding failure's Status.Timestamp, ${decidedMs} ms after the service was created`);
    expect(late).toBeLessThanOrEqual(250);
    expect(decidedMs).toBeLessThan(30_000);
    await expect(watch.settled({ timeoutMs, services: ["app"] })).rejects.toBe(error);
  });

  test("an image that a registry said is not there, at the first refusal", async () => {
    start({ missingImages: ["nginx:no-such-tag"] });
    await watch.beforeChange("deploy");
    const created = Date.now();
    await create("app", "sleep 1000", { image: "nginx:no-such-tag" });
    watch.afterChange();
    await expect(watch.settled({ timeoutMs, services: ["app"] })).rejects.toMatchObject({ blame: "recipe", reason: { class: "image-missing", service: "app" } });
    console.log(`image missing: known ${Date.now() - created} ms after the service was created`);
    expect(Date.now() - created).toBeLessThan(8_000);
  });

  test("a slot that Swarm gave up on, within a second", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "exit 3", { restart: { Condition: "none" } });
    const { at, error } = await broken();
    expect(error).toMatchObject({ blame: "recipe", reason: { class: "gave-up", service: "app" } });
    const late = at - await stampOf(watch.report().failures.at(-1)?.task ?? "");
    console.log(`gave up: known ${late} ms after the last failure's Status.Timestamp`);
    expect(late).toBeLessThanOrEqual(1_000);
  });

  test("an update that Swarm rolled back, although the old version is up and healthy", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "sleep 1000");
    watch.afterChange();
    await watch.settled({ timeoutMs, services: ["app"] });
    await watch.beforeChange("upgrade");
    await update("app", "sleep 0.2; exit 1", { update: { FailureAction: "rollback" } });
    watch.afterChange();
    await expect(watch.settled({ timeoutMs, services: ["app"] })).rejects.toMatchObject({ reason: { class: "rolled-back", service: "app" } });
  });
});

describe("against the surroundings", () => {
  test("an image that nobody could be asked about", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "sleep 1000", { image: "127.0.0.1:9/nobody/home:1" });
    const { error } = await broken();
    expect(error).toMatchObject({ blame: "infra", reason: { class: "image-pull", service: "app" } });
  });
});

describe("green", () => {
  test("an app that crashes until its database is healthy settles, and converges", async () => {
    const lines: string[] = [];
    start({ dependencies: new Map([["app", ["db"]]]), onLine: (line) => lines.push(line) });
    const health = { Test: ["CMD-SHELL", "test -f /up"], Interval: second, Timeout: second, StartPeriod: 60 * second, Retries: 3 };
    await watch.beforeChange("deploy");
    await create("db", "sleep 24; touch /up; sleep 1000", { container: { Healthcheck: health } });
    const from = Math.floor(Date.now() / 1000);
    await create("app", `test $(( $(date +%s) - ${from} )) -gt 26 || exit 7; sleep 1000`);
    watch.afterChange();
    const { atMs, decidedMs } = await watch.settled({ timeoutMs, services: ["db", "app"] });
    const known = Date.now();
    console.log(`settled: known ${known - Math.round(atMs)} ms after the last task ran, ${decidedMs} ms after the first service was created`);
    expect(known - atMs).toBeLessThanOrEqual(250);
    const { restarts, failures } = watch.report();
    expect(restarts.app).toBeGreaterThanOrEqual(4);
    expect(new Set(failures.map(({ excusedBy, exitCode }) => `${excusedBy} ${exitCode}`))).toEqual(new Set(["db 7"]));
    expect(lines.some((line) => /db: starting \(health \d+ s of 66 s\) · app: .*\d failures, excused by db/.test(line))).toBe(true);
    const converged = await watch.converged({ timeoutMs, services: ["db", "app"] });
    expect(converged.atMs).toBe(atMs);
    expect(watch.broken.aborted).toBe(false);
  });

  test("an update is settled when all runs the new version, not while the old one still does", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "sleep 1000");
    await watch.settled({ timeoutMs, services: ["app"] });
    watch.afterChange();
    await watch.beforeChange("upgrade");
    // Asked before abra has done anything: what is up is the old version, and proves nothing.
    const settled = watch.settled({ timeoutMs, services: ["app"] });
    await update("app", "sleep 2000");
    watch.afterChange();
    await settled;
    const tasks = await swarm.docker.listTasks({ filters: { service: [`${stack}_app`], "desired-state": ["running"] } });
    const running = tasks.map(({ Status, Spec }) => [Status.State, Spec.ContainerSpec.Command.at(-1)]);
    expect(running).toEqual([["running", "sleep 2000"]]);
    const { UpdateStatus } = await swarm.docker.getService(`${stack}_app`).inspect() as { UpdateStatus: { State: string } };
    expect(UpdateStatus.State).toBe("completed");
  });

  test("a declared kill is no failure, the same kill undeclared is one", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "sleep 1000", { restart: { Delay: second } });
    watch.afterChange();
    await watch.settled({ timeoutMs, services: ["app"] });
    const end = watch.disturb({ targets: ["app"], forMs: 60_000, why: "kill" });
    await kill("app");
    await watch.settled({ timeoutMs, services: ["app"] });
    end();
    await kill("app");
    await watch.settled({ timeoutMs, services: ["app"] });
    expect(watch.report().failures.map(({ exitCode, excusedBy }) => [exitCode, excusedBy])).toEqual([[137, "declared: kill"], [137, null]]);
  });
});

/** Kills the service's container, and waits until Swarm shows it. */
async function kill(name: string): Promise<void> {
  const before = watch.report().failures.length;
  const [container] = await swarm.docker.listContainers({ filters: { label: [`com.docker.swarm.service.name=${stack}_${name}`] } });
  await swarm.docker.getContainer(container?.Id ?? "").kill();
  await waitFor(async () => {
    const { length } = watch.report().failures;
    return length > before ? { done: true, value: undefined } : { done: false, saw: `${length} failures` };
  }, { what: "the failure to be seen", timeoutMs: 10_000, signal });
}
