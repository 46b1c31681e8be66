import { describe, expect, test } from "vitest";
import { gaveUp } from "../../../harness/watch/policy/rules/gave-up.ts";
import type { ServiceRecord, TaskRecord } from "../../../harness/watch/types.ts";
import { found, type Seen } from "./found.ts";
import { failedTask, serviceRecord, taskRecord } from "./records.ts";

/** When Swarm has given a slot up, and what a maintainer is told to do about it. */

const after = (tasks: readonly TaskRecord[], service: Partial<ServiceRecord> = {}, more: Seen = {}) =>
  found(gaveUp, { tasks, services: [serviceRecord(service)], ...more }, 60_000);
const refused = (error: string) => failedTask(9_000, { state: "rejected", error, exitCode: null, startedAt: null, runningAt: null });

describe("a slot is given up", () => {
  test("where its last task failed and none follows", () => {
    expect(after([failedTask(9_000)])).toEqual({
      kind: "failed",
      class: "gave-up",
      service: "app",
      slot: "1",
      at: 9_000,
      summary: "app: Swarm gave up on slot 1 after 1 failure",
      evidence: [
        "task t9000 (slot 1) 1970-01-01T00:00:09.000Z: failed, exit code 1, task: non-zero exit (1), lived 9.0 s",
        "limit: the recipe's own restart_policy (condition any, max_attempts)",
      ],
      hint: "read the log of app: its last lines are above where it wrote any, all of it is in the artifacts; a service that has to wait for others needs restart_policy condition any without max_attempts",
    });
  });
  test("though others of its slots are fine", () => {
    expect(after([failedTask(9_000), taskRecord({ slot: "2" })], { desired: 2 })).toMatchObject({ slot: "1" });
  });
  test("by an end at the very moment of the change, not by one before it", () => {
    const since = (at: number) => after([failedTask(9_000)], {}, { since: at });
    expect(since(9_000)).not.toBeNull();
    expect(since(9_001)).toBeNull();
  });
  test("though no failure was seen: a schedule that Swarm starts no more", () => {
    const schedule = { restart: { condition: "any", delayMs: 60_000, delayGiven: true } } as const;
    const done = taskRecord({ id: "done", state: "complete", desired: "shutdown", exitCode: 0, endedAt: 9_000, message: "finished" });
    expect(after([done], schedule)).toMatchObject({
      class: "gave-up",
      summary: "app: Swarm gave up on slot 1 after 0 failures",
      evidence: ["task done (slot 1) 1970-01-01T00:00:09.000Z: complete, exit code 0, finished", expect.stringContaining("limit: ")],
    });
  });
});

describe("a slot is not given up", () => {
  test("where as many others as the service wants are kept going: it was scaled down", () => {
    expect(after([failedTask(8_000, { slot: "2" }), failedTask(7_000), taskRecord({ createdAt: 7_000 })])).toBeNull();
  });
  test("where Swarm has not dealt with its end yet", () => {
    expect(after([failedTask(9_000, { desired: "running" })], { desired: 2 })).toBeNull();
  });
  test("where its task is of another spec than the one asked for: the new one is still to come", () => {
    expect(after([failedTask(9_000, { spec: "v0" })])).toBeNull();
  });
  test("where its task was told to stop", () => expect(after([failedTask(9_000, { asked: true })])).toBeNull());
  test("where Swarm does not list its task any more: the slot itself was taken away", () => expect(after([failedTask(9_000, { gone: true })])).toBeNull());
  test("while another task in it still stops", () => {
    expect(after([taskRecord({ id: "old", desired: "shutdown", asked: true }), failedTask(9_000, { createdAt: 5_000 })])).toBeNull();
  });
  test("where its end is what a one-shot is for", () => {
    const done = taskRecord({ state: "complete", desired: "shutdown", exitCode: 0, endedAt: 9_000 });
    expect(after([done], { restart: { condition: "none", delayMs: 5_000, delayGiven: false } })).toBeNull();
  });
  test("by a kill that the build declared", () => {
    const disturbances = [{ targets: ["app"], from: 8_000, until: 9_500, why: "kill" }];
    expect(after([failedTask(9_000)], {}, { disturbances })).toBeNull();
  });
  test("by that, but by a node that the build restarts: what Swarm does not bring back then is what was to be seen", () => {
    const kill = { targets: ["app"], from: 8_500, until: 9_500, why: "kill" };
    const restart = { targets: ["*"], from: 8_000, until: 9_500, why: "the node restarts", engine: true } as const;
    expect(after([failedTask(9_000)], {}, { disturbances: [kill] })).toBeNull();
    expect(after([failedTask(9_000)], {}, { disturbances: [restart] })).toMatchObject({
      kind: "failed", class: "gave-up", service: "app",
      hint: "nothing starts app again after its node restarted: use restart_policy condition any without max_attempts",
    });
    expect(after([failedTask(9_000)], {}, { disturbances: [{ ...kill, until: 8_400 }, restart] })).not.toBeNull();
  });
  test("by that, but by a dependency's word: nothing brings it back", () => {
    const db = serviceRecord({ id: "d", name: "declared-db" });
    const services = [serviceRecord(), db];
    expect(after([failedTask(9_000)], {}, { services, dependencies: { app: ["declared-db"] } })).toMatchObject({
      class: "gave-up", evidence: expect.arrayContaining(["1 failure did not count, excused by declared-db, which had no task yet"]),
    });
  });
});

describe("who is to blame, and what helps", () => {
  test.each([
    ["No such image: app:1", "infra", "image-pull"],
    ["network sandbox join failed", "infra", "engine-error"],
    ["invalid mount config", "failed", "gave-up"],
  ])("refused with: %s", (error, kind, cls) => expect(after([refused(error)])).toMatchObject({ kind, class: cls }));

  test("what the node could not do may go well next time", () => {
    expect(after([refused("No such image: app:1")])?.hint).toBe("the node could not do its part; see the error and run again");
  });

  const zero = failedTask(9_000, { state: "complete", exitCode: 0, error: null, health: { kind: "checked", limitMs: 1 } });
  test("a daemon that ended with success and is left down needs another condition", () => {
    expect(after([zero], { restart: { condition: "on-failure", delayMs: 5_000, delayGiven: false } })?.hint).toBe(
      "app ended with success although others need it, and condition on-failure leaves it down: use restart_policy condition any",
    );
  });
  test("under condition any that would be no advice: max_attempts were used up", () => {
    expect(after([zero])?.hint).toBe(
      "app ends with success until max_attempts are used up: keep it in the foreground, or give a one-shot restart_policy condition on-failure",
    );
  });
});
