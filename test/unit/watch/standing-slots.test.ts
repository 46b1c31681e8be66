import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { standingOf } from "../../../harness/watch/policy/standing.ts";
import { viewOf } from "../../../harness/watch/policy/view.ts";
import type { ServiceRecord, TaskRecord } from "../../../harness/watch/types.ts";
import { failedTask, historyWith, serviceRecord, taskRecord } from "./records.ts";

/** Whether a service's slots are as they should be, since when, and what is said of those that are not. */

const standing = (service: Partial<ServiceRecord>, tasks: readonly TaskRecord[], now = 60_000) =>
  standingOf("app", viewOf(historyWith({ services: [serviceRecord(service)], tasks }), defaultLimits, now));
const inPlace = (since: number) => ({ inPlace: true, since, warning: null });

describe("two tasks in one slot", () => {
  const fresh = taskRecord({ id: "new", spec: "v2", createdAt: 2_000, runningAt: 3_000 });

  test("the new one is up, and the old version still runs beside it: not in place", () => {
    expect(standing({ spec: "v2" }, [taskRecord(), fresh])).toEqual({ inPlace: false, words: "running (60 s)", failed: false });
  });
  test("the old version has gone", () => {
    expect(standing({ spec: "v2" }, [taskRecord({ state: "shutdown", desired: "shutdown", asked: true, endedAt: 2_900 }), fresh])).toEqual(inPlace(3_000));
  });
  test("both of the version that was asked for", () => {
    expect(standing({ spec: "v2" }, [taskRecord({ spec: "v2" }), fresh])).toEqual(inPlace(3_000));
  });
});

test("what a one-shot did for the version before is not done for the new one", () => {
  const once = { restart: { condition: "on-failure", delayMs: 5_000, delayGiven: false } } as const;
  const done = taskRecord({ state: "complete", desired: "shutdown", exitCode: 0, endedAt: 1_000, stateAt: 1_000 });
  expect(standing(once, [done])).toEqual(inPlace(1_000));
  expect(standing({ ...once, spec: "v2" }, [done])).toMatchObject({ inPlace: false });
});

test("what is up after failures has failed, until it is trusted", () => {
  const again = taskRecord({ id: "again", createdAt: 6_000, startedAt: 6_000, runningAt: 6_000 });
  expect(standing({}, [failedTask(5_000), again], 10_000)).toEqual({ inPlace: false, words: "up after 1 failure, trusted in 6 s", failed: true });
  expect(standing({}, [failedTask(5_000), again], 16_000)).toEqual(inPlace(6_000));
});

describe("a schedule", () => {
  const cron = { restart: { condition: "any", delayMs: 60_000, delayGiven: true } } as const;
  const run = (endedAt: number, more: Partial<TaskRecord> = {}) =>
    taskRecord({ id: `r${endedAt}`, createdAt: endedAt - 500, state: "complete", desired: "shutdown", exitCode: 0, endedAt, ...more });
  const next = (createdAt: number, more: Partial<TaskRecord> = {}) =>
    taskRecord({ id: "next", createdAt, state: "ready", desired: "ready", startedAt: null, runningAt: null, stateAt: createdAt, ...more });

  test("is in place since the first of its runs that went well up to now", () => {
    expect(standing(cron, [run(1_000), run(9_000), next(9_000)])).toEqual(inPlace(1_000));
    expect(standing(cron, [failedTask(1_000), run(20_000), run(30_000), next(30_000)])).toEqual(inPlace(20_000));
  });
  test("a run that was told to stop has done nothing, though it ended with 0", () => {
    expect(standing(cron, [run(1_000, { asked: true }), next(1_000)])).toMatchObject({ inPlace: false });
  });
  test("a run whose end nobody saw takes nothing back", () => {
    expect(standing(cron, [run(1_000), run(9_000, { state: "running", exitCode: null, gone: true }), next(9_000)])).toEqual(inPlace(1_000));
  });
  test("one that is said to be complete, and not with what code, is no proof", () => {
    expect(standing(cron, [run(1_000), run(9_000, { exitCode: null }), next(9_000)])).toMatchObject({ inPlace: false });
  });
  test("a run that failed undoes the ones before, though it is excused", () => {
    const history = historyWith({
      services: [serviceRecord(cron)], tasks: [run(1_000), failedTask(9_000, { createdAt: 8_000 }), next(9_000)],
      disturbances: [{ targets: ["app"], from: 8_500, until: 9_500, why: "kill" }],
    });
    expect(standingOf("app", viewOf(history, defaultLimits, 20_000))).toEqual({ inPlace: false, words: "1 failure, excused by declared: kill", failed: true });
  });
  test("a run of the version before says nothing of the new one", () => {
    expect(standing({ ...cron, spec: "v2" }, [run(1_000), next(2_000, { spec: "v2" })])).toMatchObject({ inPlace: false });
    expect(standing({ ...cron, spec: "v2" }, [run(1_000), run(5_000, { spec: "v2" }), next(5_000, { spec: "v2" })])).toEqual(inPlace(5_000));
  });
});

describe("of several slots", () => {
  const dead = (slot: string) => taskRecord({ id: `d${slot}`, slot, state: "shutdown", desired: "shutdown", asked: true, endedAt: 1_000, stateAt: 1_000 });
  const words = (service: Partial<ServiceRecord>, ...tasks: TaskRecord[]) => standing(service, tasks);

  test("one that lives is told before one in which nothing is left", () => {
    expect(words({ desired: 2 }, dead("1"), dead("2"), taskRecord({ id: "b", slot: "2", createdAt: 1_000, state: "preparing" }))).toMatchObject({ words: "slot 2 preparing (60 s)" });
  });
  test("where nothing is left in any that is missing, the first of them is told", () => {
    expect(words({ desired: 3 }, taskRecord({ id: "a" }), dead("2"), dead("3"))).toMatchObject({ words: "slot 2 shutdown (59 s)" });
  });
});

test("a task of which the scheduler says nothing", () => {
  expect(standing({}, [taskRecord({ state: "pending", runningAt: null })])).toMatchObject({ words: "pending (no word from the scheduler)" });
});
test("times are seconds up to two minutes", () => {
  const words = (now: number) => standing({}, [taskRecord({ state: "preparing", runningAt: null })], now);
  expect([words(119_499), words(120_000)]).toMatchObject([{ words: "preparing (119 s)" }, { words: "preparing (2 min 0 s)" }]);
});
