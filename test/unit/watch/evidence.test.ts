import { describe, expect, test } from "vitest";
import { addSilence } from "../../../harness/watch/history.ts";
import { defaultLimits, limitsWith } from "../../../harness/watch/limits.ts";
import { imageName, sameError } from "../../../harness/watch/policy/causes.ts";
import { daemonLost } from "../../../harness/watch/policy/daemon.ts";
import { failureLines, taskLine } from "../../../harness/watch/policy/finding.ts";
import { type ServiceView, viewOf } from "../../../harness/watch/policy/view.ts";
import { excuseLines, isNews } from "../../../harness/watch/policy/wording.ts";
import type { Disturbance, History, Limits, TaskRecord } from "../../../harness/watch/types.ts";
import { failedTask, failure, historyWith, serviceRecord, taskRecord } from "./records.ts";

/** The lines that a maintainer reads under a verdict. */

const long = "abcdefghijklmnopqrstuvwxy";

describe("a task", () => {
  test("is told by the first 12 letters of its id, when it ended, and how", () => {
    expect(taskLine(failedTask(5_000, { id: long, stateAt: 4_000 }))).toBe("task abcdefghijkl (slot 1) 1970-01-01T00:00:05.000Z: failed, exit code 1, task: non-zero exit (1)");
  });
  test("that lives by since when it is as it is, and what Swarm says of it", () => {
    expect(taskLine(taskRecord({ stateAt: 4_000, state: "preparing", message: "pulling" }))).toBe("task t1 (slot 1) 1970-01-01T00:00:04.000Z: preparing, pulling");
    expect(taskLine(taskRecord({ stateAt: 4_000 }))).toBe("task t1 (slot 1) 1970-01-01T00:00:04.000Z: running");
  });
  test("an error says more than a message, which is not shown beside it", () => {
    expect(taskLine(failedTask(5_000, { message: "started" }))).not.toContain("started");
  });
});

describe("failures", () => {
  const line = (at: number) => `task t${at} (slot 1) 1970-01-01T00:00:0${at / 1_000}.000Z: failed, exit code 1, task: non-zero exit (1), lived 1.0 s`;

  test("each in one line, with what is odd about it", () => {
    expect(failureLines([failure(1_000), failure(2_000, { lifeMs: 0, excusedBy: "db" }), failure(3_000, { kind: "replaced" })])).toEqual([
      line(1_000),
      "task t2000 (slot 1) 1970-01-01T00:00:02.000Z: failed, exit code 1, task: non-zero exit (1), excused by db",
      "task t3000 (slot 1) 1970-01-01T00:00:03.000Z: failed, exit code 1, task: non-zero exit (1), replaced without an end that anybody saw, lived 1.0 s",
    ]);
  });
  test("the last four, and how many came before", () => {
    const all = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000].map((at) => failure(at));
    expect(failureLines(all.slice(0, 4))).toEqual([1_000, 2_000, 3_000, 4_000].map(line));
    expect(failureLines(all)).toEqual(["2 earlier failures", ...[3_000, 4_000, 5_000, 6_000].map(line)]);
  });
  test("the last ten log lines of the latest that wrote any", () => {
    const wrote = (at: number, log: string[]) => failure(at, { task: failedTask(at, { id: `${at} ${long}`, log }) });
    const log = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);
    expect(failureLines([wrote(1_000, ["old"]), wrote(2_000, log), wrote(3_000, [])]).slice(3)).toEqual(["last log lines of 2000 abcdefg:", ...log.slice(2).map((one) => `  ${one}`)]);
  });
});

describe("a daemon that gives no good answer", () => {
  const silent = (attempts: number, error: string): History =>
    Array.from({ length: attempts }).reduce<History>((history) => addSilence(history, error), historyWith({ daemon: { answeredAt: 10_000, failedAttempts: 0, lastError: null } }));
  const lost = (attempts: number, now: number, error = "socket hang up") => daemonLost(silent(attempts, error), defaultLimits, now);

  test("is lost after 20 s and 3 calls, both", () => {
    expect(lost(3, 29_999)).toBeNull();
    expect(lost(2, 30_000)).toBeNull();
    expect(lost(3, 30_000)).toEqual({
      kind: "infra", class: "daemon-lost", service: null, slot: null, at: 10_000,
      summary: "the Docker daemon has given no good answer for 20.0 s",
      evidence: ["3 calls failed", "the last one: socket hang up", "limit: 20.0 s and 3 calls without a good answer (fixed)"],
      hint: "look at the engine's log on the manager node (restarted, out of memory, disk full?), then run again",
    });
  });
  test("owes no answer while the build has it down, and is lost that long after", () => {
    const down = (engine: boolean) => ({ ...silent(9, "connect ECONNREFUSED"), disturbances: [{ targets: ["*"], from: 12_000, until: 50_000, why: "the node restarts", ...(engine ? { engine: true as const } : {}) }] });
    expect(daemonLost(down(true), defaultLimits, 69_999)).toBeNull();
    expect(daemonLost(down(true), defaultLimits, 70_000)).toMatchObject({ class: "daemon-lost", at: 10_000, summary: "the Docker daemon has given no good answer for 1 min 0 s" });
    expect(daemonLost(down(false), defaultLimits, 30_000)).toMatchObject({ class: "daemon-lost" });
    expect(daemonLost({ ...down(true), disturbances: [{ ...down(true).disturbances[0], from: 30_001 } as Disturbance] }, defaultLimits, 30_000)).toMatchObject({ class: "daemon-lost" });
  });
  test("an error without words is no line", () => expect(lost(4, 40_000, "")?.evidence).toEqual(["4 calls failed", "limit: 20.0 s and 3 calls without a good answer (fixed)"]));
});

describe("why something was excused", () => {
  const db = serviceRecord({ id: "db-id", name: "db" });
  const started = 4_000;
  /** An app that lived from 4 s to 5 s, and this of its database. */
  const why = (more: Partial<TaskRecord>) => {
    const tasks = [taskRecord({ id: "d", service: "db", serviceId: "db-id", ...more }), failedTask(5_000, { startedAt: started, createdAt: started })];
    const view = viewOf(historyWith({ services: [serviceRecord(), db], tasks, dependencies: { app: ["db"] } }), defaultLimits, 6_000);
    return excuseLines(view.services.get("app") as ServiceView, view)[0];
  };
  const because = (words: string) => `1 failure did not count, excused by db, which ${words}`;
  const checked = { kind: "checked", limitMs: null } as const;

  test.each<[string, Partial<TaskRecord>, string]>([
    ["ended the moment the app started", { health: checked, state: "failed", endedAt: started }, "was down"],
    ["ended just after that", { health: checked, state: "failed", endedAt: started + 1 }, "ended meanwhile"],
    ["was healthy from that moment on, and ended", { health: checked, runningAt: started, state: "failed", endedAt: 4_500 }, "ended meanwhile"],
    ["was healthy just after it", { health: checked, runningAt: started + 1 }, "was starting"],
    ["was never healthy", { health: checked, runningAt: null }, "was starting"],
    ["listened from that moment on, and ended", { listeningAt: started, state: "failed", endedAt: 4_500 }, "ended meanwhile"],
    ["listened just after it", { listeningAt: started + 1 }, "was up and did not listen yet"],
    ["was made at that moment", { createdAt: started, runningAt: null, state: "new" }, "was starting"],
    ["was made just after it", { createdAt: started + 1, runningAt: null, state: "new" }, "had no task yet"],
  ])("%s", (_, more, words) => expect(why(more)).toBe(because(words)));
});

describe("that the time for excuses was over", () => {
  const limits = limitsWith({ ceilingMs: 5_000 }, "recipe.json");
  const over = "limit: nothing is excused later than 5.0 s after a change (set by restarts.ceiling in recipe.json)";
  const lines = (tasks: TaskRecord[], more: Partial<History> = {}, by: Limits = limits) => {
    const view = viewOf(historyWith({ services: [serviceRecord({ desired: 2 })], dependencies: { app: ["db"] }, tasks, ...more }), by, 60_000);
    return excuseLines(view.services.get("app") as ServiceView, view);
  };

  test("is said of a failure that is later, not of one right then", () => {
    expect(lines([failedTask(5_001)])).toEqual([over]);
    expect(lines([failedTask(5_000)])).toEqual([]);
  });
  test("is said though another slot failed last within that time", () => {
    expect(lines([failedTask(9_000), failedTask(3_000, { slot: "2" })])).toEqual([over]);
  });
  test("is not said of a service that waits for nobody", () => expect(lines([failedTask(9_000)], { dependencies: {} })).toEqual([]));
  test("is not said of what a long disturbance excuses", () => {
    const disturbances = [{ targets: ["app"], from: 1_000, until: 30_000, why: "restore" }];
    expect(lines([failedTask(9_000)], { disturbances })).toEqual(["1 failure did not count, excused by declared: restore"]);
  });
});

test.each([
  ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
  ["index.docker.io/team/app:2", "docker.io/team/app:2"],
  ["docker.io/nginx:1", "docker.io/library/nginx:1"],
  ["mylocalhost/app", "docker.io/mylocalhost/app:latest"],
  ["localhosts/app", "docker.io/localhosts/app:latest"],
  ["registry:5000/team/app@sha256:ab", "registry:5000/team/app:latest"],
  ["nginx@sha256:ab", "docker.io/library/nginx:latest"],
])("%s is the image %s", (ref, name) => expect(imageName(ref)).toBe(name));

test("times with fractions are no news", () => expect(isNews("held 10.44 s of 1 min", "held 9.05 s of 1 min")).toBe(false));

test("an error that names something is not the one that names nothing", () => {
  const says = (error: string) => sameError(failure(0, { task: failedTask(0, { error }) }));
  expect(says("invalid mount 0123456789ab")).toBe(says("invalid mount ba9876543210"));
  expect(says("invalid mount 0123456789ab")).not.toBe(says("invalid mount"));
});
