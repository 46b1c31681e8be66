import { type Failure, failureOf, succeeds } from "./failures.ts";
import { excuseFor } from "./excuses.ts";
import { waitsFor } from "./dependencies.ts";
import { streakOf } from "./streaks.ts";
import type { History, Limits, ServiceRecord, TaskRecord } from "../types.ts";

/** The history, arranged for the rules: each service with its slots, each slot with its failures and its open streak. */

export interface SlotView {
  readonly key: string;
  /** Oldest first. */
  readonly tasks: readonly TaskRecord[];
  readonly latest: TaskRecord;
  /** All failures of the current spec since this change, excused ones too. */
  readonly failures: readonly Failure[];
  /** Counted failures since the slot was last trusted. Empty: no open streak. */
  readonly streak: readonly Failure[];
}

export interface ServiceView {
  readonly record: ServiceRecord;
  readonly slots: readonly SlotView[];
  /** Names of all that it waits for, directly or not, without those that wait for it. */
  readonly needs: readonly string[];
}

export interface View {
  readonly history: History;
  readonly limits: Limits;
  readonly now: number;
  readonly services: ReadonlyMap<string, ServiceView>;
}

export function viewOf(history: History, limits: Limits, now: number): View {
  const tasks = Map.groupBy(history.tasks, ({ serviceId }) => serviceId);
  const services = new Map<string, ServiceView>();
  for (const record of history.services) {
    const needs = waitsFor(history, record.name);
    const slots = Map.groupBy(tasks.get(record.id) ?? [], ({ slot }) => slot);
    services.set(record.name, {
      record,
      needs,
      slots: [...slots].map(([key, slot]) => slotView(key, slot, { record, needs, history, limits, now })),
    });
  }
  return { history, limits, now, services };
}

interface SlotContext {
  readonly record: ServiceRecord;
  readonly needs: readonly string[];
  readonly history: History;
  readonly limits: Limits;
  readonly now: number;
}

function slotView(key: string, unsorted: readonly TaskRecord[], { record, needs, history, limits, now }: SlotContext): SlotView {
  const tasks = unsorted.toSorted((a, b) => a.createdAt - b.createdAt);
  const failures = tasks.flatMap((task, index) => {
    const successor = tasks.slice(index + 1).find((later) => succeeds(task, later));
    const failure = failureOf(task, successor, record, history.change.at);
    return failure ? [{ ...failure, excusedBy: excuseFor(failure, needs, history, limits) }] : [];
  });
  return { key, tasks, latest: tasks.at(-1) as TaskRecord, failures, streak: streakOf(record, tasks, failures, limits, now) };
}
