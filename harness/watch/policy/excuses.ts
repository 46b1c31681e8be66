import { fixed } from "../limits.ts";
import type { Disturbance, History, Limits } from "../types.ts";
import type { Failure } from "./failures.ts";
import { wasReady } from "./readiness.ts";

/**
 * Who or what excuses a failure, in words; null where it counts.
 * A declared disturbance excuses what it targets. A dependency that was not ready all through the task's life excuses
 * what started before it was: Swarm knows no order of start, so an app that dies until its database is up is normal.
 * @param needs all that the failing service waits for
 */
export function excuseFor(failure: Failure, needs: readonly string[], history: History, limits: Limits): string | null {
  const { task, at } = failure;
  const disturbance = disturbanceOf(failure, history);
  if (disturbance) return `declared: ${disturbance.why}`;
  // What Swarm refused to start never got as far as needing anybody.
  if (failure.kind === "rejected" || at > excusesEndAt(history, limits, at)) return null;
  const from = task.startedAt ?? task.createdAt;
  // What dies of its dependency's death may be seen dead a moment before it.
  return needs.find((name) => blocks(name, from, at + fixed.stampLagMs, history)) ?? null;
}

/** The declared disturbance that a failure fell into. */
export function disturbanceOf({ task, at }: Pick<Failure, "task" | "at">, { disturbances }: History): Disturbance | undefined {
  return disturbances.find(({ targets, from, until }) => at >= from && at <= until + fixed.stampLagMs && hits(targets, task.service));
}

const hits = (targets: Disturbance["targets"], service: string): boolean => targets.includes("*") || targets.includes(service);

/** How long something has lasted without a declared disturbance of the service, ms; 0 or less while one goes on. */
export function undisturbedFor(since: number, service: string, history: History, now: number): number {
  const ends = history.disturbances.filter(({ targets, from }) => from <= now && hits(targets, service)).map(({ until }) => until);
  return now - Math.max(since, ...ends);
}

/** A dependency that is declared but not there yet blocks while the change is still being made; one of no replicas never does. */
function blocks(name: string, from: number, to: number, history: History): boolean {
  const service = history.services.find((one) => one.name === name);
  if (!service) return !history.change.applied && history.change.expected.includes(name);
  return service.desired > 0 && !wasReady(service, history, from, to);
}

/**
 * The ceiling: what fails at `at` and later than this is excused by nobody.
 * A declared disturbance is a change too: what it stopped has to come back.
 */
export function excusesEndAt(history: History, limits: Limits, at: number): number {
  const disturbed = history.disturbances.flatMap(({ from, until }) => [from, until]).filter((time) => time <= at);
  return Math.max(history.change.at, ...disturbed) + limits.ceilingMs;
}
