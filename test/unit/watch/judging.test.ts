import { beforeEach, expect, test } from "vitest";
import { Judging } from "../../../harness/watch/judging.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import type { Change } from "../../../harness/watch/types.ts";
import { historyWith, serviceRecord, taskRecord } from "./records.ts";

/** Waits on a history that stands still, at times that are set. */

let now: number;
let judging: Judging;

beforeEach(() => {
  now = 0;
  const change: Change = { name: "deploy", at: 0, startedAt: null, applied: true, before: {}, expected: [] };
  const history = () => historyWith({ services: [serviceRecord()], tasks: [taskRecord({ runningAt: 1_000 })], change, daemon: { answeredAt: now, failedAttempts: 0, lastError: null } });
  judging = new Judging({ limits: defaultLimits, clock: { monotonic: () => now, wall: () => now }, history, now: () => now, details: async () => {}, onVerdict: () => {}, onLine: () => {} });
});

async function endOf(kind: "settled" | "converged", holdMs: number): Promise<number> {
  let overAt = 0;
  void judging.until(kind, { timeoutMs: 100_000, holdMs }, async () => {}).then(() => void (overAt ||= now));
  for (now = 1_000; now < 30_000; now += 1_000) {
    judging.look();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return overAt;
}

test("converged is over with the monitor window, or with the hold that is asked for, whichever is longer; counted from when all was up", async () => {
  expect(await endOf("converged", 0)).toBe(6_000);
  expect(await endOf("converged", 15_000)).toBe(16_000);
  expect(await endOf("converged", 2_000)).toBe(6_000);
});

test("settled waits for neither", async () => {
  expect(await endOf("settled", 15_000)).toBe(1_000);
});
