import { fixed } from "../limits.ts";
import type { Limits, ServiceRecord, TaskRecord } from "../types.ts";
import { type Failure, isFinished, isSchedule } from "./failures.ts";

/**
 * The slot's open streak: its counted failures since a task last stayed up long enough to be trusted, or did what it was for.
 * @param tasks oldest first
 */
export function streakOf(service: ServiceRecord, tasks: readonly TaskRecord[], failures: readonly Failure[], limits: Limits, now: number): Failure[] {
  const byTask = new Map(failures.map((failure) => [failure.task.id, failure]));
  let streak: Failure[] = [];
  for (const task of tasks) {
    if (upFor(task, now) >= trustMs(streak, limits) || isFinished(task, service) || (isSchedule(service) && task.state === "complete")) streak = [];
    const failure = byTask.get(task.id);
    if (failure && failure.excusedBy === null) streak.push(failure);
  }
  return streak;
}

/** How long a task has to stay up to end this streak, ms: what crashed within a second is soon trusted again. */
export function trustMs(streak: readonly Failure[], limits: Limits): number {
  const longest = Math.max(0, ...streak.map(({ lifeMs }) => lifeMs));
  return Math.min(limits.stableForMs, Math.max(fixed.leastTrustMs, 2 * longest));
}

export function upFor(task: TaskRecord, now: number): number {
  return task.runningAt === null ? 0 : (task.endedAt ?? now) - task.runningAt;
}

/** The last failure of the first run of `count` failures within `withinMs`; null where there is none. */
export function windowEnd(streak: readonly Failure[], count: number, withinMs: number): Failure | null {
  return streak.find((failure, index) => {
    const first = streak[index - count + 1];
    return first !== undefined && failure.at - first.at <= withinMs;
  }) ?? null;
}
