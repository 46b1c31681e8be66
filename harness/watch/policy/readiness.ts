import { fixed } from "../limits.ts";
import type { Health, History, ServiceRecord, TaskRecord } from "../types.ts";
import { isFinished } from "./failures.ts";

/** The task's health check: its spec's, else its image's where that is known. */
export function healthOf(task: TaskRecord, history: History): Health {
  return task.health.kind === "unknown" ? (history.imageHealth[task.image] ?? task.health) : task.health;
}

/** From when on a task could be relied on by others; null: not so far. */
export function readyAt(task: TaskRecord, service: ServiceRecord, history: History): number | null {
  if (isFinished(task, service)) return task.endedAt;
  if (task.runningAt === null) return null;
  if (healthOf(task, history).kind === "checked") return task.runningAt;
  return task.listeningAt ?? trustedBlindlyAt(task.runningAt, task);
}

/** When what nobody can look into is taken as ready: counted anew from each look that found no socket. */
export const trustedBlindlyAt = (runningAt: number, { deafAt }: TaskRecord): number => Math.max(runningAt, deafAt ?? runningAt) + fixed.blindReadyMs;

/** Until when others could rely on a task. What a finished one-shot did holds until it has to be done again. */
function relyUntil(task: TaskRecord, service: ServiceRecord, history: History): number {
  if (task.endedAt === null) return Number.POSITIVE_INFINITY;
  if (!isFinished(task, service)) return task.endedAt;
  const again = history.tasks.filter((other) => other.serviceId === task.serviceId && other.slot === task.slot && other.createdAt > task.createdAt);
  return Math.min(task.spec === service.spec ? Number.POSITIVE_INFINITY : service.movedAt, ...again.map(({ createdAt }) => createdAt));
}

/** A service was ready without a gap from `from` to `to`: at each moment at least one of its tasks was. */
export function wasReady(service: ServiceRecord, history: History, from: number, to: number): boolean {
  const spans = history.tasks
    .filter((task) => task.serviceId === service.id)
    .map((task) => ({ start: readyAt(task, service, history) ?? Number.POSITIVE_INFINITY, end: relyUntil(task, service, history) }))
    .sort((a, b) => a.start - b.start);
  let covered = from;
  for (const { start, end } of spans) if (start <= covered) covered = Math.max(covered, end);
  return covered > to;
}
