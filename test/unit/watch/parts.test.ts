import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { cannotStart, engineFailed, noSuchImage, portTaken, sameError } from "../../../harness/watch/policy/causes.ts";
import { waitsFor } from "../../../harness/watch/policy/dependencies.ts";
import { excuseFor, excusesEndAt, undisturbedFor } from "../../../harness/watch/policy/excuses.ts";
import { failureOf, isLive, isSchedule, isUp, isWanted, mayComplete, succeeds } from "../../../harness/watch/policy/failures.ts";
import { healthOf, readyAt, wasReady } from "../../../harness/watch/policy/readiness.ts";
import { streakOf, trustMs, upFor, windowEnd } from "../../../harness/watch/policy/streaks.ts";
import type { Disturbance, TaskRecord } from "../../../harness/watch/types.ts";
import { failedTask, failure, historyWith, serviceRecord, taskRecord } from "./records.ts";

/** The policy's parts at their edges: a millisecond before, on it, after it. */

const nothing = historyWith({});
const checked = { kind: "checked", limitMs: 90_000 } as const;
const once = { condition: "on-failure", delayMs: 5_000, delayGiven: false } as const;

describe("ready", () => {
  const db = serviceRecord();
  const withTasks = (...tasks: TaskRecord[]) => historyWith({ tasks });

  test("healthy, where there is a health check: listening is not asked", () => {
    expect(readyAt(taskRecord({ health: checked, runningAt: 7, listeningAt: 3 }), db, nothing)).toBe(7);
  });
  test("else listening, else 120 s after it ran, else 120 s after nothing listened", () => {
    expect(readyAt(taskRecord({ runningAt: 7, listeningAt: 30 }), db, nothing)).toBe(30);
    expect(readyAt(taskRecord({ runningAt: 7 }), db, nothing)).toBe(120_007);
    expect(readyAt(taskRecord({ runningAt: 7, deafAt: 5_000 }), db, nothing)).toBe(125_000);
    expect(readyAt(taskRecord({ runningAt: 7, deafAt: 3 }), db, nothing)).toBe(120_007);
  });
  test("not before it ran", () => {
    expect(readyAt(taskRecord({ runningAt: null, listeningAt: 5 }), db, nothing)).toBeNull();
    expect(readyAt(taskRecord({ health: checked, runningAt: null }), db, nothing)).toBeNull();
  });
  test("a one-shot when it is done, and a task that merely ended well when it ran", () => {
    const done = taskRecord({ state: "complete", runningAt: 5, endedAt: 9, health: checked });
    expect(readyAt({ ...done, health: { kind: "none", limitMs: null } }, serviceRecord({ restart: once }), nothing)).toBe(9);
    expect(readyAt(done, serviceRecord({ restart: once }), nothing)).toBe(5);
    expect(readyAt(done, serviceRecord(), nothing)).toBe(5);
    expect(readyAt({ ...done, state: "running", endedAt: null }, serviceRecord({ restart: once }), nothing)).toBe(5);
  });
  test("an image's own health check counts where compose has none, and only there", () => {
    const history = historyWith({ imageHealth: { "app:1": checked } });
    expect(healthOf(taskRecord({ health: { kind: "unknown", limitMs: null } }), history)).toEqual(checked);
    expect(healthOf(taskRecord({ health: { kind: "none", limitMs: null } }), history).kind).toBe("none");
    expect(healthOf(taskRecord({ health: { kind: "unknown", limitMs: null }, image: "other" }), history).kind).toBe("unknown");
  });

  describe("all the time", () => {
    const life = (runningAt: number, endedAt: number | null, id = `t${runningAt}`) =>
      taskRecord({ id, health: checked, createdAt: runningAt, runningAt, endedAt, state: endedAt === null ? "running" : "failed" });
    const ready = (from: number, to: number, ...tasks: TaskRecord[]) => wasReady(db, withTasks(...tasks), from, to);

    test("from the moment it was, not from one before", () => {
      expect(ready(100, 200, life(100, null))).toBe(true);
      expect(ready(99, 200, life(100, null))).toBe(false);
    });
    test("until it ended", () => {
      expect(ready(100, 199, life(50, 200))).toBe(true);
      expect(ready(100, 200, life(50, 200))).toBe(false);
    });
    test("by several, one after the other, listed in any order", () => {
      expect(ready(100, 300, life(50, 200), life(150, 400))).toBe(true);
      expect(ready(100, 300, life(150, 400), life(50, 200))).toBe(true);
      expect(ready(100, 300, life(50, 200), life(201, 400))).toBe(false);
      expect(ready(100, 300, life(50, 200), life(200, 400))).toBe(true);
    });
    test("a short one within a long one takes nothing away", () => expect(ready(100, 300, life(50, 400), life(60, 150))).toBe(true));
    test("what listened only after its end, as far as anybody knows, never was", () => {
      expect(ready(100, 300, { ...life(50, 400), health: { kind: "none", limitMs: null }, listeningAt: 400 })).toBe(false);
    });
    test("a task of another service says nothing", () => expect(ready(100, 200, { ...life(50, null), serviceId: "other" })).toBe(false));

    const shot = serviceRecord({ restart: once, movedAt: 1_000 });
    const done = (more: Partial<TaskRecord> = {}) => taskRecord({ id: "done", state: "complete", createdAt: 10, endedAt: 50, exitCode: 0, ...more });
    test("what a one-shot did holds until it has to do it again", () => {
      expect(wasReady(shot, withTasks(done()), 50, 1e9)).toBe(true);
      expect(wasReady(shot, withTasks(done(), taskRecord({ id: "again", createdAt: 500, runningAt: null })), 50, 499)).toBe(true);
      expect(wasReady(shot, withTasks(done(), taskRecord({ id: "again", createdAt: 500, runningAt: null })), 50, 500)).toBe(false);
    });
    test("a new task in another slot, or of another service, does not undo it", () => {
      const elsewhere = { id: "again", createdAt: 500, runningAt: null };
      expect(wasReady(shot, withTasks(done(), taskRecord({ ...elsewhere, slot: "2" })), 50, 600)).toBe(true);
      expect(wasReady(shot, withTasks(done(), taskRecord({ ...elsewhere, serviceId: "other" })), 50, 600)).toBe(true);
    });
    test("what it did for the old spec holds until the new one came", () => {
      expect(wasReady(shot, withTasks(done({ spec: "v0" })), 50, 999)).toBe(true);
      expect(wasReady(shot, withTasks(done({ spec: "v0" })), 50, 1_000)).toBe(false);
    });
    test("one that failed did nothing that holds", () => {
      expect(wasReady(shot, withTasks(failedTask(50, { health: checked, runningAt: 20 })), 30, 60)).toBe(false);
    });
  });
});

describe("an excuse", () => {
  const needing = { change: { name: "deploy", at: 1_000, startedAt: null, applied: true, before: {}, expected: ["db"] } };
  const db = serviceRecord({ id: "db-id", name: "db" });
  const broken = failure(5_000, { task: failedTask(5_000, { createdAt: 4_000, startedAt: 4_100 }) });
  const excused = (more: object, limits = defaultLimits) => excuseFor(broken, ["db"], historyWith({ ...needing, services: [db], ...more }), limits);
  const kill = (from: number, until: number, targets: readonly string[] = ["app"]): Disturbance => ({ targets, from, until, why: "kill" });

  test.each<[string, Disturbance, boolean]>([
    ["from its first moment", kill(5_000, 9_000), true],
    ["not before", kill(5_001, 9_000), false],
    ["until 500 ms after its last", kill(1_000, 4_500), true],
    ["and no longer", kill(1_000, 4_499), false],
    ["for all", kill(1_000, 9_000, ["*"]), true],
    ["not for others", kill(1_000, 9_000, ["db", "web"]), false],
  ])("a declared disturbance: %s", (_, disturbance, does) => {
    expect(excuseFor(broken, [], historyWith({ disturbances: [disturbance] }), defaultLimits)).toBe(does ? "declared: kill" : null);
  });

  test("a dependency that is not ready, but for what Swarm refused to start", () => {
    expect(excused({})).toBe("db");
    expect(excuseFor({ ...broken, kind: "rejected" }, ["db"], historyWith({ ...needing, services: [db] }), defaultLimits)).toBeNull();
  });
  test("none that is ready since the task started", () => {
    const ready = (runningAt: number) => excused({ tasks: [taskRecord({ serviceId: "db-id", service: "db", health: checked, runningAt })] });
    expect(ready(4_100)).toBeNull();
    expect(ready(4_101)).toBe("db");
  });
  test("a task that never started counts from its creation", () => {
    const never = failure(5_000, { task: failedTask(5_000, { createdAt: 4_000, startedAt: null }) });
    const at = (runningAt: number) => excuseFor(never, ["db"], historyWith({ ...needing, services: [db], tasks: [taskRecord({ serviceId: "db-id", health: checked, runningAt })] }), defaultLimits);
    expect([at(4_000), at(4_001)]).toEqual([null, "db"]);
  });
  test("a dependency that dies within 500 ms after it", () => {
    const dies = (endedAt: number) => excused({ tasks: [taskRecord({ serviceId: "db-id", health: checked, runningAt: 0, state: "failed", endedAt })] });
    expect([dies(5_500), dies(5_501)]).toEqual(["db", null]);
  });
  test("not of no replicas", () => expect(excused({ services: [{ ...db, desired: 0 }] })).toBeNull());
  test("one that does not exist yet only while the change is being made, and only if it is to come", () => {
    expect(excused({ services: [] })).toBeNull();
    expect(excused({ services: [], change: { ...needing.change, applied: false } })).toBe("db");
    expect(excused({ services: [], change: { ...needing.change, applied: false, expected: ["web"] } })).toBeNull();
  });
  test("up to the ceiling, and not a millisecond later", () => {
    expect(excused({}, { ...defaultLimits, ceilingMs: 4_000 })).toBe("db");
    expect(excused({}, { ...defaultLimits, ceilingMs: 3_999 })).toBeNull();
  });

  test("the ceiling counts from the change, or from what was declared since, its end too, once it has come", () => {
    const limits = { ...defaultLimits, ceilingMs: 100 };
    const ends = (disturbances: Disturbance[], at: number) => excusesEndAt(historyWith({ ...needing, disturbances }), limits, at);
    expect(ends([], 5_000)).toBe(1_100);
    expect(ends([kill(2_000, 3_000)], 5_000)).toBe(3_100);
    expect(ends([kill(2_000, 3_000)], 2_999)).toBe(2_100);
    expect(ends([kill(2_000, 3_000)], 3_000)).toBe(3_100);
    expect(ends([kill(100, 200)], 5_000)).toBe(1_100);
  });

  test("how long nothing was declared", () => {
    const history = historyWith({ disturbances: [kill(2_000, 3_000), kill(4_000, 9_000, ["db"])] });
    expect(undisturbedFor(1_000, "app", history, 5_000)).toBe(2_000);
    expect(undisturbedFor(3_500, "app", history, 5_000)).toBe(1_500);
    expect(undisturbedFor(1_000, "app", history, 2_500)).toBeLessThan(0);
    expect(undisturbedFor(1_000, "app", history, 1_999)).toBe(999);
    expect(undisturbedFor(1_000, "app", history, 2_000)).toBeLessThan(0);
    expect(undisturbedFor(1_000, "web", history, 5_000)).toBe(4_000);
  });
});

describe("a streak", () => {
  const service = serviceRecord();
  const streak = (tasks: TaskRecord[], now: number, counted = tasks.filter(({ state }) => state === "failed")) =>
    streakOf(service, tasks, counted.map((task) => failure(task.endedAt ?? 0, { task })), defaultLimits, now).map(({ at }) => at);

  test("ends the moment a task was up long enough", () => {
    const up = (runningAt: number) => [failedTask(1_000), taskRecord({ id: "up", createdAt: 2_000, runningAt })];
    expect(streak(up(2_000), 11_999)).toEqual([1_000]);
    expect(streak(up(2_000), 12_000)).toEqual([]);
  });
  test("what ended one counts for the next", () => {
    expect(streak([failedTask(1_000), failedTask(30_000, { runningAt: 5_000 })], 31_000)).toEqual([30_000]);
  });
  test("excused failures are not in it", () => {
    const task = failedTask(1_000);
    expect(streakOf(service, [task], [failure(1_000, { task, excusedBy: "db" })], defaultLimits, 2_000)).toEqual([]);
  });
  test("a service that may end well has ended it when it does", () => {
    const tasks = [failedTask(1_000), taskRecord({ id: "done", state: "complete", runningAt: 2_000, endedAt: 2_100 })];
    const failures = [failure(1_000, { task: tasks[0] as TaskRecord })];
    expect(streakOf(serviceRecord({ restart: once }), tasks, failures, defaultLimits, 3_000)).toEqual([]);
    expect(streakOf(serviceRecord({ restart: { condition: "any", delayMs: 60_000, delayGiven: true } }), tasks, failures, defaultLimits, 3_000)).toEqual([]);
    expect(streakOf(service, tasks, failures, defaultLimits, 3_000)).toHaveLength(1);
  });
  test("trust: twice the longest life, from 10 s to 120 s", () => {
    const trust = (...lives: number[]) => trustMs(lives.map((lifeMs) => failure(0, { lifeMs })), defaultLimits);
    expect([trust(), trust(100), trust(5_000), trust(5_001), trust(1_000, 40_000, 2_000), trust(60_001)]).toEqual([10_000, 10_000, 10_000, 10_002, 80_000, 120_000]);
  });
  test("time up", () => {
    expect([upFor(taskRecord({ runningAt: null }), 50), upFor(taskRecord({ runningAt: 20 }), 50), upFor(taskRecord({ runningAt: 20, endedAt: 30 }), 50)]).toEqual([0, 30, 10]);
  });
  test("the window: so many within so long, the first that are", () => {
    const end = (count: number, withinMs: number, ...times: number[]) => windowEnd(times.map((at) => failure(at)), count, withinMs)?.at ?? null;
    expect(end(3, 200, 0, 100, 200)).toBe(200);
    expect(end(3, 199, 0, 100, 200)).toBeNull();
    expect(end(3, 150, 0, 100, 200, 249, 260)).toBe(249);
    expect(end(1, 1, 70)).toBe(70);
    expect(end(3, 200, 0, 1)).toBeNull();
  });
});

describe("a failure", () => {
  const service = serviceRecord();
  const kind = (task: TaskRecord, of = service, successor?: TaskRecord) => failureOf(task, successor, of, 500)?.kind ?? null;

  test("is of the spec asked for last, unasked, since the change", () => {
    expect(kind(failedTask(500))).toBe("exit");
    expect(kind(failedTask(499))).toBeNull();
    expect(kind(failedTask(600, { asked: true }))).toBeNull();
    expect(kind(failedTask(600, { spec: "v0" }))).toBeNull();
    expect(kind(taskRecord())).toBeNull();
  });
  test("says how it ended and how long it had lived", () => {
    expect(failureOf(failedTask(900, { startedAt: 200 }), undefined, service, 0)).toMatchObject({ at: 900, lifeMs: 700, excusedBy: null });
    expect(failureOf(failedTask(900, { startedAt: null }), undefined, service, 0)?.lifeMs).toBe(0);
    expect(kind(failedTask(600, { error: "task: non-zero exit (143): dockerexec: unhealthy container" }))).toBe("unhealthy");
    expect(kind(failedTask(600, { error: null }))).toBe("exit");
    expect(kind(failedTask(600, { state: "rejected" }))).toBe("rejected");
  });
  test("ends with success only where that is not what it is for", () => {
    const done = taskRecord({ state: "complete", endedAt: 600, exitCode: 0 });
    expect(kind(done)).toBe("zero");
    // nginx stops well when Swarm kills it for bad health.
    expect(kind({ ...done, unhealthy: true })).toBe("unhealthy");
    expect(kind({ ...done, unhealthy: true }, serviceRecord({ restart: once }))).toBeNull();
    expect(kind(done, serviceRecord({ restart: once }))).toBeNull();
    expect(kind(done, serviceRecord({ mode: "job" }))).toBeNull();
    expect(kind(done, serviceRecord({ restart: { condition: "any", delayMs: 10_001, delayGiven: true } }))).toBeNull();
    expect(kind(done, serviceRecord({ restart: { condition: "any", delayMs: 10_000, delayGiven: true } }))).toBe("zero");
  });
  test("whose end nobody saw: gone, and another one there", () => {
    const gone = taskRecord({ gone: true, endedAt: 600 });
    expect(kind(gone, service, taskRecord({ id: "t2" }))).toBe("replaced");
    expect(kind(gone)).toBeNull();
    expect(kind({ ...gone, gone: false }, service, taskRecord({ id: "t2" }))).toBeNull();
    expect(kind({ ...gone, state: "orphaned" }, service, taskRecord({ id: "t2" }))).toBeNull();
  });
  test("a schedule's run whose end nobody saw is one only with an exit code", () => {
    const cron = serviceRecord({ restart: { condition: "any", delayMs: 60_000, delayGiven: true } });
    const gone = (exitCode: number | null) => taskRecord({ gone: true, endedAt: 600, exitCode });
    expect([null, 0, 3].map((code) => kind(gone(code), cron, taskRecord({ id: "t2" })))).toEqual([null, null, "replaced"]);
  });
  test("like for like: the same spec on the same, known node", () => {
    const task = taskRecord();
    expect(succeeds(task, taskRecord())).toBe(true);
    expect(succeeds(task, taskRecord({ spec: "v2" }))).toBe(false);
    expect(succeeds(task, taskRecord({ node: "n2" }))).toBe(false);
    expect(succeeds(taskRecord({ node: null }), taskRecord({ node: null }))).toBe(false);
  });
});

describe("a task or service is", () => {
  test.each<[Partial<TaskRecord>, wanted: boolean, live: boolean, up: boolean]>([
    [{}, true, true, true],
    [{ gone: true }, false, false, false],
    [{ desired: "shutdown" }, false, false, false],
    [{ state: "ready", desired: "ready" }, true, true, false],
    [{ state: "starting" }, true, true, false],
    [{ state: "failed" }, true, false, false],
    [{ state: "orphaned" }, true, false, false],
    [{ state: "remove" }, true, false, false],
    [{ desired: "complete" }, true, true, false],
    [{ state: "complete", desired: "complete" }, true, false, false],
    [{ state: "rejected", desired: "shutdown" }, false, false, false],
    [{ state: "shutdown", desired: "shutdown" }, false, false, false],
  ])("%j: wanted %s, live %s, up %s", (more, wanted, live, up) => {
    const task = taskRecord(more);
    expect([isWanted(task), isLive(task), isUp(task)]).toEqual([wanted, live, up]);
  });

  test.each<[string, Parameters<typeof serviceRecord>[0], boolean, boolean]>([
    ["any", {}, false, false],
    ["on-failure", { restart: once }, true, false],
    ["none", { restart: { ...once, condition: "none" } }, true, false],
    ["a job", { mode: "job" }, true, false],
    ["a job on each node", { mode: "global-job" }, true, false],
    ["a delay of 11 s that is given", { restart: { condition: "any", delayMs: 11_000, delayGiven: true } }, false, true],
    ["a delay of 10 s", { restart: { condition: "any", delayMs: 10_000, delayGiven: true } }, false, false],
    ["a delay that is not given", { restart: { condition: "any", delayMs: 11_000, delayGiven: false } }, false, false],
    ["a one-shot with a long delay", { restart: { ...once, delayMs: 60_000, delayGiven: true } }, true, false],
  ])("%s: may complete, or a schedule", (_, more, completes, schedule) => {
    expect([mayComplete(serviceRecord(more)), isSchedule(serviceRecord(more))]).toEqual([completes, schedule]);
  });
});

describe("whom a service waits for", () => {
  const waits = (dependencies: Record<string, string[]>, service: string) => waitsFor(historyWith({ dependencies }), service);

  test("directly and not, nearest first, each once", () => {
    expect(waits({ web: ["api", "cache"], api: ["db", "cache"], db: [], cache: ["db"] }, "web")).toEqual(["api", "cache", "db"]);
    expect(waits({}, "web")).toEqual([]);
  });
  test("of a service that is called as every object has something", () => {
    expect(waits({ web: ["constructor"] }, "web")).toEqual(["constructor"]);
    expect(waits({}, "__proto__")).toEqual([]);
  });
  test("nobody who waits for it", () => {
    expect(waits({ a: ["b"], b: ["a", "c"], c: [] }, "a")).toEqual(["c"]);
    expect(waits({ a: ["a", "b"], b: [] }, "a")).toEqual(["b"]);
    expect(waits({ a: ["b"], b: ["c"], c: ["b"] }, "a")).toEqual(["b", "c"]);
  });
});

describe("what an error says", () => {
  const says = (error: string | null) => {
    const one = failure(0, { task: failedTask(0, { error }) });
    return [noSuchImage(one) && "no image", portTaken(error) && "port", engineFailed(one) && "engine", cannotStart(one) && "cannot start"].filter(Boolean);
  };

  test.each<[string | null, string[]]>([
    [null, []],
    ["task: non-zero exit (1)", []],
    ["No such image: app:1", ["no image"]],
    ["listen tcp 0.0.0.0:80: bind: address already in use", ["port"]],
    ["Bind for 0.0.0.0:80 failed: port is already allocated", ["port"]],
    ["no suitable node (host-mode port already in use on 1 node)", ["port"]],
    ["write /var/lib/docker/x: no space left on device", ["engine"]],
    ["could not find an available, non-overlapping IPv4 address pool among the defaults", ["engine"]],
    // An engine that has just started: moby/moby#34864 and #38318.
    ["cannot create a swarm scoped network when swarm is not active", ["engine"]],
    ["network tndujhg804jhq14j603s6l7lt exists", ["engine"]],
    ["starting container failed: network sandbox join failed: no such device", ["engine"]],
    ["failed to set up container networking: x", ["engine"]],
    ["failed to create endpoint x on network y", ["engine"]],
    ["failed to allocate a network address", ["engine"]],
    ["network abc123 not found", ["engine"]],
    ["context deadline exceeded", ["engine"]],
    ["i/o timeout", ["engine"]],
    ["timed out waiting", ["engine"]],
    ["time out", ["engine"]],
    ["fork/exec: cannot allocate memory", ["engine"]],
    ["open x: too many open files", ["engine"]],
    ["read x: input/output error", ["engine"]],
    ["dial tcp: connection refused", ["engine"]],
    ["unmount x: device or resource busy", ["engine"]],
    ['exec: "foo": executable file not found in $PATH: unknown', ["cannot start"]],
    ["exec /run: exec format error", ["cannot start"]],
    ["exec: /run: no such file or directory: unknown", ["cannot start"]],
    ["exec: /run: permission denied: unknown", ["cannot start"]],
    ["exec: /run: is a directory: unknown", ["cannot start"]],
    ["mount x: not a directory: unknown", ["cannot start"]],
    ["bind source path does not exist: no such file or directory", []],
  ])("%s", (error, causes) => expect(says(error)).toEqual(causes));

  test("errors that differ in ids or blanks are the same, others are not", () => {
    const same = (a: string, b: string) => sameError(failure(0, { task: failedTask(0, { error: a }) })) === sameError(failure(0, { task: failedTask(0, { error: b }) }));
    expect(same("invalid mount 0123456789ab ", "invalid mount ba9876543210")).toBe(true);
    expect(same("invalid mount /data", "invalid mount /date")).toBe(false);
    expect(same("a 01234567890", "a 01234567891")).toBe(false);
    expect(sameError(failure(0, { task: failedTask(0, { error: null }) }))).toBe("");
  });
});
