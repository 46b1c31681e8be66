import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { standingOf } from "../../../harness/watch/policy/standing.ts";
import { askedFor, viewOf } from "../../../harness/watch/policy/view.ts";
import type { Change, ServiceRecord, TaskRecord, UpdateStatus } from "../../../harness/watch/types.ts";
import { historyWith, serviceRecord, taskRecord } from "./records.ts";

/** What a change still has to do at a service, and what it leaves behind. */

const known: Change["before"] = { app: { id: "app-id", version: 1, updateStartedAt: "before" } };
const status = (state: string, more: Partial<UpdateStatus> = {}): UpdateStatus => ({ state, startedAt: "now", completedAt: null, message: "stuck", ...more });
const change = (more: Partial<Change> = {}): Change => ({ name: "upgrade", at: 0, startedAt: null, applied: true, before: {}, expected: [], ...more });
const standing = (service: Partial<ServiceRecord>, { before = known, now = 60_000, tasks = [taskRecord({ runningAt: 1_000 })] }: { before?: Change["before"]; now?: number; tasks?: TaskRecord[] } = {}) =>
  standingOf("app", viewOf(historyWith({ services: [serviceRecord({ version: 2, ...service })], tasks, change: change({ before }) }), defaultLimits, now));
const inPlace = (since: number) => ({ inPlace: true, since, warning: null });

test("a service that does not exist has not failed", () => {
  expect(standingOf("db", viewOf(historyWith({}), defaultLimits, 0))).toEqual({ inPlace: false, words: "not created yet", failed: false });
});

describe("an update that Swarm has accepted", () => {
  test("is given 500 ms to begin", () => {
    expect(standing({ movedAt: 10_000 }, { now: 10_499 })).toEqual({ inPlace: false, words: "update accepted", failed: false });
    expect(standing({ movedAt: 10_000 }, { now: 10_500 })).toEqual(inPlace(10_000));
  });
  test("and is already over has no need of that, and started nothing anew", () => {
    expect(standing({ movedAt: 10_000, update: status("completed") }, { now: 10_100 })).toEqual(inPlace(1_000));
  });
  test("is none of a service that the change created, whatever else moved its version since", () => {
    expect(standing({ movedAt: 10_000 }, { now: 10_100, before: {} })).toEqual(inPlace(1_000));
    expect(standing({ movedAt: 10_000 }, { now: 10_100, before: { app: { id: "another", version: 1, updateStartedAt: null } } })).toEqual(inPlace(1_000));
  });
});

test("a rollback that goes on from before the change, with what is up already", () => {
  const tasks = ["1", "2", "3"].map((slot) => taskRecord({ id: slot, slot, state: slot === "3" ? "starting" : "running" }));
  expect(standing({ desired: 3, update: status("rollback_started", { startedAt: "before" }) }, { tasks })).toEqual({ inPlace: false, words: "rolling back, 2 of 3 up", failed: false });
});

describe("a warning", () => {
  const paused = "app is up on the new version, but its update stays paused: stuck; give it an update_config with a longer monitor";
  test.each<[string, UpdateStatus, string | null]>([
    ["of an update of this change that stays paused", status("paused"), paused],
    ["none of one that was paused before it", status("paused", { startedAt: "before" }), null],
    ["none of one that is complete", status("completed"), null],
  ])("%s", (_, update, warning) => expect(standing({ update })).toMatchObject({ inPlace: true, warning }));
});

describe("what runs nowhere", () => {
  const nowhere = "app is global, and no node takes a task of it: it runs nowhere";
  const empty = (mode: ServiceRecord["mode"], now: number) => standing({ mode, desired: 0, createdAt: 1_000, movedAt: 2_000 }, { before: {}, now, tasks: [] });

  test.each(["global", "global-job"] as const)("a %s service of which no node takes a task is green with a warning, once Swarm had 500 ms", (mode) => {
    expect(empty(mode, 2_499)).toEqual({ inPlace: false, words: "no task yet", failed: false });
    expect(empty(mode, 2_500)).toEqual({ inPlace: true, since: 1_000, warning: nowhere });
  });
  test("one of no replicas is meant so: at once, and without a warning", () => {
    expect(empty("replicated", 2_000)).toEqual(inPlace(1_000));
  });
  test("one that has a task on a node runs there", () => {
    expect(standing({ mode: "global", movedAt: 59_900 }, { before: {}, tasks: [taskRecord({ slot: "n1", runningAt: 5_000 })] })).toEqual(inPlace(5_000));
  });
});

describe("what a change is to bring up", () => {
  const service = (name: string, id = `${name}-id`) => serviceRecord({ name, id });
  const asked = (expected: string[], before: Change["before"], ...services: ServiceRecord[]) =>
    askedFor(viewOf(historyWith({ services, change: change({ expected, before }) }), defaultLimits, 0));
  const stood = { db: { id: "db-id", version: 1, updateStartedAt: null } };

  test("where nobody said what is expected, all that stands", () => expect(asked([], stood, service("app"), service("db"))).toEqual(["app", "db"]));
  test("what is expected, be it there or not, each once", () => expect(asked(["web", "app"], {}, service("app"))).toEqual(["web", "app"]));
  test("what it created besides, not what stood before and left the recipe", () => expect(asked(["app"], stood, service("app"), service("db"), service("extra"))).toEqual(["app", "extra"]));
  test("what stood before, was removed and came anew", () => expect(asked(["app"], stood, service("app"), service("db", "db-again"))).toEqual(["app", "db"]));
});

describe("a slot's tasks", () => {
  const slot = (...tasks: TaskRecord[]) => viewOf(historyWith({ services: [serviceRecord()], tasks }), defaultLimits, 60_000).services.get("app")?.slots[0];
  const [old, middle, fresh] = [1_000, 2_000, 3_000].map((createdAt) => taskRecord({ id: `t${createdAt}`, createdAt })) as [TaskRecord, TaskRecord, TaskRecord];

  test.each([[[old, middle, fresh]], [[fresh, middle, old]], [[middle, fresh, old]]])("are told oldest first, in whatever order they came", (tasks) => {
    expect(slot(...tasks)).toMatchObject({ latest: fresh, tasks: [old, middle, fresh] });
  });
  test("are not arranged anew at each look that brings nothing new", () => {
    const history = historyWith({ services: [serviceRecord()], tasks: [old, fresh] });
    const failures = (of: typeof history) => viewOf(of, defaultLimits, 60_000).services.get("app")?.slots[0]?.failures;
    expect(failures({ ...history, daemon: { answeredAt: 60_000, failedAttempts: 0, lastError: null } })).toBe(failures(history));
  });
  test("one that is gone was replaced only by one that came later", () => {
    const gone = { ...middle, gone: true, endedAt: 2_900 };
    expect(slot(old, gone)?.failures).toEqual([]);
    expect(slot(old, gone, fresh)?.failures).toMatchObject([{ kind: "replaced", at: 2_900 }]);
  });
});
