import { describe, expect, test } from "vitest";
import { addDisturbance, addPoll, addSilence, addToTask, applyChange, beginChange, endDisturbance, newHistory } from "../../../harness/watch/history.ts";
import type { Poll, SeenService, SeenTask } from "../../../harness/watch/observe/seen.ts";
import type { History } from "../../../harness/watch/types.ts";

const service: SeenService = {
  id: "svc", name: "app", version: 1, spec: "v1", createdAt: 1_000, mode: "replicated", desired: 1, image: "app:1", update: null,
  restart: { condition: "any", delayMs: 5_000, delayGiven: false }, monitorMs: 5_000, memoryLimit: null, hostPorts: [],
};
const task: SeenTask = {
  id: "t1", serviceId: "svc", slot: "1", node: "n1", createdAt: 1_000, spec: "v1", image: "app:1", health: { kind: "none", limitMs: null },
  state: "running", desired: "running", stateAt: 2_000, message: null, error: null, exitCode: 0, container: "c1",
};
const start = newHistory({ stack: "s", at: 0, dependencies: new Map([["app", ["db"]]]), missingImages: [] });

function polled(history: History, at: number, tasks: readonly Partial<SeenTask>[], services: readonly Partial<SeenService>[] = [{}]): History {
  const poll: Poll = { askedAt: at, at, tasks: tasks.map((one) => ({ ...task, ...one })), services: services.map((one) => ({ ...service, ...one })), nodes: null };
  return addPoll(history, poll);
}

const only = ({ tasks }: History) => {
  expect(tasks).toHaveLength(1);
  return tasks[0] as History["tasks"][number];
};

describe("tasks", () => {
  test("what Swarm forgot stays known, and gone", () => {
    const history = polled(polled(start, 2_500, [{}]), 9_000, [{ id: "t2" }]);
    expect(history.tasks.map(({ id, gone, endedAt }) => [id, gone, endedAt])).toEqual([["t1", true, 9_000], ["t2", false, null]]);
  });

  test("what a clock that stepped back says was created an hour ago is still the latest of its slot", () => {
    const hour = 3_600_000;
    const before = polled(start, hour, [{ createdAt: hour - 500 }]);
    const history = polled(before, hour + 5_000, [{ id: "t2", createdAt: 4_500 }, { createdAt: hour - 500, state: "failed", desired: "shutdown" }]);
    expect(history.tasks.map(({ id, createdAt }) => [id, createdAt])).toEqual([["t1", hour - 500], ["t2", hour + 5_000]]);
  });

  test("what runs for an hour when the watch begins was created an hour ago", () => {
    expect(only(polled(newHistory({ stack: "s", at: 3_600_000, dependencies: new Map(), missingImages: [] }), 3_600_100, [{}])).createdAt).toBe(1_000);
  });

  test("five thousand ends a slot keep the first, the latest, and a count", () => {
    let history = start;
    for (let turn = 0; turn < 5_000; turn++) {
      history = polled(history, turn * 1_000 + 3_000, [{ id: `t${turn}`, state: "failed", desired: "shutdown", stateAt: turn * 1_000 + 2_900, exitCode: 1 }]);
    }
    expect(history.tasks.length).toBeLessThan(60);
    expect(history.tasks[0]?.id).toBe("t0");
    expect(history.tasks.at(-1)?.id).toBe("t4999");
    expect(history.tasks.length + (history.dropped.app ?? 0)).toBe(5_000);
  });

  test("a late or repeated answer moves nothing back", () => {
    const ended = polled(start, 3_000, [{ state: "failed", desired: "shutdown", stateAt: 2_900, exitCode: 1, error: "boom" }]);
    expect(only(polled(ended, 3_500, [{ state: "running", stateAt: 2_000 }]))).toMatchObject({ state: "failed", exitCode: 1, error: "boom", endedAt: 2_900 });
    const gone = polled(polled(start, 2_500, [{}]), 3_000, []);
    expect(only(polled(gone, 3_500, [{}]))).toMatchObject({ gone: true, endedAt: 3_000 });
  });

  test("when it started, first ran and ended is kept", () => {
    let history = polled(start, 1_500, [{ state: "starting", stateAt: 1_400 }]);
    history = polled(history, 2_100, [{ state: "running", stateAt: 2_050 }]);
    history = polled(history, 5_000, [{ state: "failed", desired: "shutdown", stateAt: 4_900, exitCode: 3 }]);
    expect(only(history)).toMatchObject({ startedAt: 1_400, runningAt: 2_050, endedAt: 4_900, exitCode: 3, asked: false });
  });

  test("the exit code 0 of a task that still runs is no exit code", () => {
    expect(only(polled(start, 2_500, [{}])).exitCode).toBeNull();
  });

  test("told to stop before it ended is asked, told to stop because it ended is not", () => {
    const told = polled(start, 2_500, [{ desired: "shutdown" }]);
    expect(only(polled(told, 3_000, [{ state: "failed", desired: "shutdown", exitCode: 143 }])).asked).toBe(true);
    const crashed = polled(polled(start, 2_500, [{}]), 3_000, [{ state: "failed", desired: "shutdown", exitCode: 143 }]);
    expect(only(crashed).asked).toBe(false);
  });

  test.each([
    ["ten hours behind", 2_000 - 36_000_000, 2_900],
    ["ten hours ahead", 2_000 + 36_000_000, 2_900],
    ["right", 2_800, 2_800],
  ])("a stamp of a clock that is %s is believed only within what polling saw", (_, stateAt, believed) => {
    const history = polled(polled(start, 2_500, [{ state: "starting", stateAt: 2_400 }]), 2_900, [{ stateAt }]);
    expect(only(history).runningAt).toBe(believed);
  });

  test("a task whose service is not listed yet waits for the next poll", () => {
    const early = polled(start, 2_000, [{}], []);
    expect(early.tasks).toEqual([]);
    expect(only(polled(early, 2_100, [{}])).service).toBe("app");
  });

  test("logs: the first and the latest failure of a slot keep theirs", () => {
    let history = start;
    for (const id of ["a", "b", "c"]) {
      history = polled(history, 3_000, [{ id, state: "failed", desired: "shutdown", stateAt: 2_900, exitCode: 1 }]);
      history = addToTask(history, id, { log: [`log of ${id}`] });
    }
    history = polled(history, 4_000, []);
    expect(history.tasks.map(({ log }) => log)).toEqual([["log of a"], [], ["log of c"]]);
  });
});

describe("services and changes", () => {
  test("dependencies come with the service, a stale answer does not go back", () => {
    const history = polled(start, 2_000, [], [{ version: 5, spec: "v2" }]);
    expect(history.services[0]).toMatchObject({ dependsOn: ["db"], movedAt: 2_000 });
    expect(polled(history, 2_500, [], [{ version: 4, spec: "v1" }]).services[0]).toMatchObject({ version: 5, spec: "v2", movedAt: 2_000 });
  });

  test("a change begins with the first service that it moves, not with one that was there", () => {
    let history = beginChange(polled(start, 2_000, []), "upgrade", 10_000);
    expect(history.change).toMatchObject({ applied: false, before: { app: { id: "svc", version: 1, updateStartedAt: null } } });
    history = polled(history, 11_000, []);
    expect(history.change.startedAt).toBeNull();
    history = applyChange(polled(history, 12_000, [], [{ version: 2 }]));
    expect(history.change).toMatchObject({ startedAt: 12_000, applied: true });
    expect(polled(history, 13_000, [], [{ version: 3 }]).change.startedAt).toBe(12_000);
  });

  test("a first deploy begins with the first service created", () => {
    const history = beginChange(start, "deploy", 500);
    expect(polled(history, 2_000, [], [{ createdAt: 1_200 }, { id: "svc2", name: "db", createdAt: 1_100 }]).change.startedAt).toBe(1_100);
  });

  test("a disturbance ends early once, and is not prolonged", () => {
    const disturbance = { targets: ["app"], from: 1_000, until: 5_000, why: "kill" };
    const ended = endDisturbance(addDisturbance(start, disturbance), disturbance, 3_000);
    expect(ended.disturbances).toEqual([{ ...disturbance, until: 3_000 }]);
    expect(endDisturbance(ended, disturbance, 9_000)).toEqual(ended);
  });
});

test("silence is counted until the next good answer", () => {
  const silent = addSilence(addSilence(polled(start, 2_000, []), "a"), "b");
  expect(silent.daemon).toEqual({ answeredAt: 2_000, failedAttempts: 2, lastError: "b" });
  expect(polled(silent, 3_000, []).daemon).toEqual({ answeredAt: 3_000, failedAttempts: 0, lastError: null });
});
