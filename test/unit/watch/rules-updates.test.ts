import { describe, expect, test } from "vitest";
import { isOfThisChange, paused, rolledBack } from "../../../harness/watch/policy/rules/updates.ts";
import { viewOf } from "../../../harness/watch/policy/view.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import type { TaskRecord, UpdateStatus } from "../../../harness/watch/types.ts";
import { found } from "./found.ts";
import { failedTask, historyWith, serviceRecord, taskRecord } from "./records.ts";

/** Updates that Swarm paused or took back: what the reader is shown of the tasks that were the cause. */

const update = (state: string, more: Partial<UpdateStatus> = {}): UpdateStatus => ({ state, startedAt: "10 s", completedAt: null, message: "update paused due to failure", ...more });
const since = 10_000;
const back = (tasks: readonly TaskRecord[], more: Partial<UpdateStatus> = {}) =>
  found(rolledBack, { since, services: [serviceRecord({ spec: "v1", update: update("rollback_completed", more) })], tasks }, 60_000);
const failed = (endedAt: number, more: Partial<TaskRecord> = {}) => failedTask(endedAt, { spec: "v2", startedAt: endedAt - 500, ...more });
const line = (id: string, at: number, rest = "failed, exit code 1, task: non-zero exit (1), lived 500 ms", slot = "1") =>
  `task ${id} (slot ${slot}) 1970-01-01T00:00:${at}.000Z: ${rest}`;
const first = "update rollback_completed: update paused due to failure";

describe("rolled back", () => {
  test("says so, with what failed of the version that is gone", () => {
    expect(back([failed(11_000), taskRecord({ id: "now", createdAt: 12_000 })], { completedAt: 13_000 })).toEqual({
      kind: "failed",
      class: "rolled-back",
      service: "app",
      slot: "1",
      at: 13_000,
      summary: "app: Swarm rolled the update back, the previous version runs",
      evidence: [first, line("t11000", 11)],
      hint: "see why the new tasks failed; failure_action of app is rollback, so nothing of the new version is left",
    });
  });
  test("failures of all slots are in the order in which they happened, and the last one names the slot", () => {
    const finding = back([failed(12_000), failed(14_000, { createdAt: 12_000 }), failed(13_000, { slot: "2" })]);
    expect(finding?.evidence).toEqual([first, line("t12000", 12), line("t13000", 13, undefined, "2"), line("t14000", 14)]);
    expect(finding).toMatchObject({ slot: "1", at: 14_000 });
  });
  test("what was refused, and what ended with success, is shown too", () => {
    const refused = failed(11_000, { state: "rejected", error: "invalid mount config", exitCode: null, startedAt: null, runningAt: null });
    const zero = failed(12_000, { state: "complete", error: null, exitCode: 0 });
    expect(back([refused, zero])?.evidence).toEqual([first, line("t11000", 11, "rejected, invalid mount config"), line("t12000", 12, "complete, exit code 0, lived 500 ms")]);
  });
  test("what failed at the moment of the change is its failure, what failed before or was told to stop is not", () => {
    const others = [failed(9_999), failed(11_000, { asked: true }), taskRecord({ desired: "shutdown", asked: true, state: "shutdown", endedAt: 12_000 })];
    expect(back(others)).toMatchObject({ evidence: [first], slot: null, at: 60_000 });
    expect(back([failed(10_000), ...others])).toMatchObject({ evidence: [first, line("t10000", 10)], at: 10_000 });
  });
});

describe("paused", () => {
  const stuck = (tasks: readonly TaskRecord[], now = 60_000) =>
    found(paused, { since, services: [serviceRecord({ spec: "v2", desired: 3, movedAt: 20_000, update: update("paused") })], tasks }, now);
  const old = (slot: string) => taskRecord({ id: `old${slot}`, slot, spec: "v1", message: "started", stateAt: 5_000 });

  test("tells how many still run the old version, and which", () => {
    expect(stuck([failed(11_000), old("2"), old("3")])).toMatchObject({
      class: "paused",
      summary: "app: Swarm paused the update, 2 of 3 still run the old version",
      evidence: [
        "update paused: update paused due to failure",
        line("t11000", 11),
        "still the old version: task old2 (slot 2) 1970-01-01T00:00:05.000Z: running, started",
        "still the old version: task old3 (slot 3) 1970-01-01T00:00:05.000Z: running, started",
      ],
    });
  });
  test("is decided 2 s after Swarm said so, and not a millisecond earlier: old tasks may be dying", () => {
    expect(stuck([old("2")], 21_999)).toBeNull();
    expect(stuck([old("2")], 22_000)).not.toBeNull();
  });
});

describe("whose update it is", () => {
  const isOurs = (now: UpdateStatus | null, before: { id: string; updateStartedAt: string | null } | null) => {
    const change = { ...historyWith({}).change, before: before ? { app: { version: 1, ...before } } : {} };
    const view = viewOf(historyWith({ services: [serviceRecord({ update: now })], change }), defaultLimits, 0);
    return [...view.services.values()].map((service) => isOfThisChange(service, view))[0];
  };

  test("this change's where it began since, or the service did", () => {
    expect(isOurs(update("paused"), { id: "app-id", updateStartedAt: "3 s" })).toBe(true);
    expect(isOurs(update("paused"), { id: "app-id", updateStartedAt: null })).toBe(true);
    expect(isOurs(update("paused"), { id: "older-id", updateStartedAt: "10 s" })).toBe(true);
    expect(isOurs(update("paused"), null)).toBe(true);
  });
  test("an earlier one's where it stood there before", () => expect(isOurs(update("paused"), { id: "app-id", updateStartedAt: "10 s" })).toBe(false));
  test("nobody's where there is none", () => expect(isOurs(null, null)).toBe(false));
});
