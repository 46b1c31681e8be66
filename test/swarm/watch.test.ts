import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Mask } from "../../harness/base/mask.ts";
import { waitFor } from "../../harness/base/wait.ts";
import { handOver } from "../../harness/swarm/ephemeral/image.ts";
import { startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { fixed } from "../../harness/watch/limits.ts";
import type { Watch, WatchOptions } from "../../harness/watch/watch.ts";
import { newRunId, testMachine } from "./host.ts";
import { type Extra, image, listen, second, soonMs, Watched } from "./support/watched.ts";

/** The watch on a real Swarm of one node. */

const signal = AbortSignal.timeout(900_000);
const timeoutMs = 90_000;

let swarm: Throwaway;
let watched: Watched;
let watch: Watch;
let turn = 0;

beforeAll(async () => {
  const { docker: host, nodeImage, edgeImage } = await testMachine([image], signal);
  swarm = await startThrowaway({ host, nodeImage, edgeImage, runId: newRunId("watch"), waitForEdge: false, signal });
  await handOver(host, swarm.docker, image, signal);
});

afterEach(() => watched?.remove());

afterAll(async () => {
  await swarm?.close();
});

function start(options: Partial<WatchOptions> = {}): void {
  watched = new Watched(swarm, `watched${++turn}`, signal, options);
  watch = watched.watch;
}

const create = (name: string, script: string, extra?: Extra) => watched.create(name, script, extra);
const update = (name: string, script: string, extra?: Extra) => watched.update(name, script, extra);

describe("against the recipe", () => {
  test("a service that exits 1 at once is a crash loop, known by the failure that decides it", async () => {
    const mask = new Mask();
    mask.add("correct-horse");
    start({ mask });
    await watch.beforeChange("deploy");
    await create("app", "echo the password is correct-horse; exit 1");
    watch.afterChange();
    const { at, error } = await watched.broken();
    const { failures, restarts, decidedMs } = watch.report();
    expect(error).toMatchObject({ blame: "recipe", reason: { class: "crash-loop", service: "app" } });
    expect(restarts).toEqual({ app: 4 });
    expect(failures.at(-1)).toMatchObject({ exitCode: 1, excusedBy: null, log: ["the password is •••"] });
    expect(error.reason.evidence.join("\n")).toContain("the password is •••");
    const late = await watched.since(at);
    console.log(`crash loop: known ${late} ms after the deciding failure's Status.Timestamp, ${decidedMs} ms after the service was created`);
    expect(late).toBeLessThan(soonMs);
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

  test("a slot that Swarm gave up on, at once", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "exit 3", { restart: { Condition: "none" } });
    const { at, error } = await watched.broken();
    expect(error).toMatchObject({ blame: "recipe", reason: { class: "gave-up", service: "app" } });
    const late = await watched.since(at);
    console.log(`gave up: known ${late} ms after the last failure's Status.Timestamp`);
    expect(late).toBeLessThan(soonMs);
  });

  test("incident 7: an update that Swarm rolled back, although the old version is up and healthy", async () => {
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
  test("incident 23: an image that nobody could be asked about", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "sleep 1000", { image: "127.0.0.1:9/nobody/home:1" });
    const { error } = await watched.broken();
    expect(error).toMatchObject({ blame: "infra", reason: { class: "image-pull", service: "app" } });
  });
});

/** A volume in which one service tells another on the same node. */
const sharing = (name: string) => ({ Mounts: [{ Type: "volume", Source: `told-${name}`, Target: "/told" }] });
/** Told a moment before it is true: whoever looked before that has ended by then, so that no end comes after it, however slow the machine. */
const tell = "touch /told/up; sleep 3";
const told = "test -e /told/up";

describe("green", () => {
  test("incident 20: an app that crashes until its database is healthy settles, and converges", async () => {
    const lines: string[] = [];
    start({ dependencies: new Map([["app", ["db"]]]), onLine: (line) => lines.push(line) });
    const health = { Test: ["CMD-SHELL", "test -f /up"], Interval: second, Timeout: second, StartPeriod: 60 * second, Retries: 3 };
    await watch.beforeChange("deploy");
    await create("db", `sleep 22; ${tell}; touch /up; sleep 1000`, { container: { Healthcheck: health, ...sharing("health") } });
    await create("app", `${told} || exit 7; sleep 1000`, { container: sharing("health") });
    watch.afterChange();
    const { atMs, decidedMs } = await watch.settled({ timeoutMs, services: ["db", "app"] });
    const known = Date.now();
    console.log(`settled: known ${known - Math.round(atMs)} ms after the last task ran, ${decidedMs} ms after the first service was created`);
    expect(known - atMs).toBeLessThan(soonMs);
    const { restarts, failures } = watch.report();
    expect(restarts.app).toBeGreaterThanOrEqual(4);
    expect(new Set(failures.map(({ excusedBy, exitCode }) => `${excusedBy} ${exitCode}`))).toEqual(new Set(["db 7"]));
    expect(lines.some((line) => /db: starting \(health \d+ s of 66 s\) · app: .*\d failures, excused by db/.test(line))).toBe(true);
    const converged = await watch.converged({ timeoutMs, services: ["db", "app"] });
    expect(converged.atMs).toBe(atMs);
    expect(watch.broken.aborted).toBe(false);
  });

  test("incident 6: an update is settled when all runs the new version, not while the old one still does", async () => {
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
    const tasks = await swarm.docker.listTasks({ filters: { service: [`${watched.stack}_app`], "desired-state": ["running"] } });
    const running = tasks.map(({ Status, Spec }) => [Status.State, Spec.ContainerSpec.Command.at(-1)]);
    expect(running).toEqual([["running", "sleep 2000"]]);
    const { UpdateStatus } = await swarm.docker.getService(`${watched.stack}_app`).inspect() as { UpdateStatus: { State: string } };
    expect(UpdateStatus.State).toBe("completed");
  });

  test("a declared kill is no failure, the same kill undeclared is one", async () => {
    start();
    await watch.beforeChange("deploy");
    await create("app", "sleep 1000", { restart: { Delay: second } });
    watch.afterChange();
    await watch.settled({ timeoutMs, services: ["app"] });
    const end = watch.disturb({ targets: ["app"], forMs: 60_000, why: "kill" });
    await watched.kill("app");
    await watch.settled({ timeoutMs, services: ["app"] });
    end();
    // What dies within moments of a declared time may belong to it: stamps are no finer.
    const ended = Date.now();
    await waitFor(async () => (Date.now() - ended > fixed.stampLagMs ? { done: true, value: undefined } : { done: false, saw: "too soon" }), { what: "the end of the declared time", timeoutMs, signal });
    await watched.kill("app");
    await watch.settled({ timeoutMs, services: ["app"] });
    expect(watch.report().failures.map(({ exitCode, excusedBy }) => [exitCode, excusedBy])).toEqual([[137, "declared: kill"], [137, null]]);
  });
});

describe("a database without a health check", () => {
  const dependencies = new Map([["app", ["db"]]]);
  /** Dies until a moment, then lives. */
  const diesUntil = (seconds: number) => `test $(date +%s) -ge ${Math.floor(Date.now() / 1000) + seconds} || { sleep 0.3; exit 7; }; sleep 1000`;

  // For the moment that it lives such an app is up, so only what holds proves that all is well.
  test("excuses an app that crashes until it listens; the app is green as soon as it stays up", async () => {
    start({ dependencies });
    await watch.beforeChange("deploy");
    const created = Date.now();
    await create("db", `sleep 26; ${tell}; ${listen()}`, { container: sharing("port") });
    await create("app", `${told} || { sleep 0.3; exit 7; }; sleep 1000`, { container: sharing("port") });
    watch.afterChange();
    const { atMs } = await watch.converged({ timeoutMs, services: ["db", "app"] });
    const { failures, restarts } = watch.report();
    console.log(`listening: ${restarts.app} failures excused; up for good ${Math.round(atMs - created)} ms after the first service was created, green ${Date.now() - created} ms after it`);
    expect(restarts.app).toBeGreaterThanOrEqual(4);
    expect(new Set(failures.map(({ excusedBy }) => excusedBy))).toEqual(new Set(["db"]));
    expect(atMs - created).toBeLessThan(40_000);
    // The window of two seconds, and no patience for what it did before.
    expect(Date.now() - atMs).toBeLessThan(3_000);
  });

  test("excuses nothing from then on: an app that still crashes is a loop four failures later", async () => {
    start({ dependencies });
    await watch.beforeChange("deploy");
    await create("db", listen());
    await create("app", diesUntil(1000));
    const { error } = await watched.broken();
    expect(error).toMatchObject({ blame: "recipe", reason: { class: "crash-loop", service: "app" } });
    const { decidedMs, failures } = watch.report();
    console.log(`listening: a loop beside it known ${decidedMs} ms after the first service was created, after ${failures.length} failures`);
    // Where nobody could look, the first 120 s would excuse everything.
    expect(decidedMs).toBeLessThan(45_000);
  });

  test("that listens on its own loopback only does not count", async () => {
    start({ dependencies });
    await watch.beforeChange("deploy");
    await create("db", listen("127.0.0.1"));
    await create("app", diesUntil(29));
    watch.afterChange();
    await watch.converged({ timeoutMs, services: ["db", "app"] });
    expect(watch.report().restarts.app).toBeGreaterThanOrEqual(4);
  });
});
