import { isUnchanged } from "../history.ts";
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

/**
 * Names of all that the change is to bring up, or that stands. What stood before it and left the recipe with it is no part of
 * it: abra leaves it running, mostly against what is new, until the build removes it.
 */
export function askedFor({ history, services }: View): string[] {
  const { expected, before } = history.change;
  const standing = [...services.values()].filter(({ record }) => expected.length === 0 || before[record.name]?.id !== record.id);
  return [...new Set([...expected, ...standing.map(({ record }) => record.name)])];
}

/** A slot as it stands whatever the time is. */
type Arranged = Omit<SlotView, "streak">;

/** Most looks bring nothing new: what does not depend on the time is kept until anything else has changed. */
const known = new WeakMap<History["tasks"], { readonly history: History; readonly limits: Limits; readonly slots: ReadonlyMap<ServiceRecord, readonly Arranged[]> }>();

export function viewOf(history: History, limits: Limits, now: number): View {
  const services = new Map<string, ServiceView>();
  for (const [record, slots] of arrange(history, limits)) {
    services.set(record.name, {
      record,
      needs: waitsFor(history, record.name),
      slots: slots.map((slot) => ({ ...slot, streak: streakOf(record, slot.tasks, slot.failures, limits, now) })),
    });
  }
  return { history, limits, now, services };
}

function arrange(history: History, limits: Limits): ReadonlyMap<ServiceRecord, readonly Arranged[]> {
  const last = known.get(history.tasks);
  if (last?.limits === limits && isUnchanged(history, last.history)) return last.slots;
  const tasks = Map.groupBy(history.tasks, ({ serviceId }) => serviceId);
  const slots = new Map(history.services.map((record) => {
    const bySlot = Map.groupBy(tasks.get(record.id) ?? [], ({ slot }) => slot);
    return [record, [...bySlot].map(([key, slot]) => arrangeSlot(key, slot, record, history, limits))];
  }));
  known.set(history.tasks, { history, limits, slots });
  return slots;
}

function arrangeSlot(key: string, unsorted: readonly TaskRecord[], record: ServiceRecord, history: History, limits: Limits): Arranged {
  const needs = waitsFor(history, record.name);
  const tasks = unsorted.toSorted((a, b) => a.createdAt - b.createdAt);
  const failures = tasks.flatMap((task, index) => {
    const successor = tasks.slice(index + 1).find((later) => succeeds(task, later));
    const failure = failureOf(task, successor, record, history.change.at);
    return failure ? [{ ...failure, excusedBy: excuseFor(failure, needs, history, limits) }] : [];
  });
  return { key, tasks, latest: tasks.at(-1) as TaskRecord, failures };
}
