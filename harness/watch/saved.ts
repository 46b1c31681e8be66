import type { WatchFailure } from "../../reports/results.ts";
import { iso } from "../base/clock.ts";
import type { Failure } from "./policy/failures.ts";
import { viewOf } from "./policy/view.ts";
import type { History, Limits } from "./types.ts";

/** The first or the latest failure of a slot since a change, as it is known so far: what Swarm will soon have thrown away. */
export interface SavedFailure extends WatchFailure {
  /** The change's name: deploy, upgrade ... */
  readonly change: string;
  /** Once a slot failed a second time, its `latest` is another task than its `first`. */
  readonly which: "first" | "latest";
}

/**
 * Keeps the first and the latest failure of each slot and change, each with its last log lines, and hands them on the moment
 * they are seen: again when the log arrives, again for each later failure.
 */
export class Saved {
  readonly #limits: Limits;
  readonly #save: (failure: SavedFailure) => void;
  readonly #kept = new Map<string, SavedFailure>();
  #looked: { readonly tasks: History["tasks"]; readonly change: number } | null = null;

  constructor(limits: Limits, save: (failure: SavedFailure) => void) {
    this.#limits = limits;
    this.#save = save;
  }

  /** To be called after each look at the daemon. */
  look(history: History, now: number): void {
    if (this.#looked?.tasks === history.tasks && this.#looked.change === history.change.at) return;
    this.#looked = { tasks: history.tasks, change: history.change.at };
    for (const { slots } of viewOf(history, this.#limits, now).services.values()) {
      for (const { failures: [first, ...later] } of slots) {
        const latest = later.at(-1);
        if (first) this.#keep(history, first, "first");
        if (latest) this.#keep(history, latest, "latest");
      }
    }
  }

  /** The last log lines of a task that is the first or the latest of its slot to have failed; none otherwise. */
  logOf(task: string): readonly string[] {
    for (const kept of this.#kept.values()) if (kept.task === task && kept.log.length > 0) return kept.log;
    return [];
  }

  #keep({ change }: History, failure: Failure, which: SavedFailure["which"]): void {
    const place = `${change.at} ${failure.task.serviceId} ${failure.task.slot} ${which}`;
    const before = this.#kept.get(place);
    // A slot's first stays its first, also when the history no longer remembers it.
    if (before && which === "first" && before.task !== failure.task.id) return;
    const fresh: SavedFailure = { ...asResult(failure, before?.task === failure.task.id ? before.log : []), change: change.name, which };
    if (before && same(before, fresh)) return;
    this.#kept.set(place, fresh);
    this.#save(fresh);
  }
}

/** @param known log lines that the history has let go of meanwhile */
export function asResult({ task, at, excusedBy }: Failure, known: readonly string[]): WatchFailure {
  const { service, slot, exitCode, error } = task;
  return { service, slot, task: task.id, at: iso(at), exitCode, error, excusedBy, log: [...(task.log.length > 0 ? task.log : known)] };
}

/** Log lines are read once: their number tells. */
function same(a: SavedFailure, b: SavedFailure): boolean {
  return a.task === b.task && a.at === b.at && a.exitCode === b.exitCode && a.error === b.error && a.excusedBy === b.excusedBy && a.log.length === b.log.length;
}
