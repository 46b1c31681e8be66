import type { WatchFailure } from "../../reports/results.ts";
import { viewOf } from "./policy/view.ts";
import { asResult, type Saved } from "./saved.ts";
import type { History, Limits } from "./types.ts";

export interface Report {
  /** Tasks that ended without being asked, by service: excused ones too. */
  readonly restarts: Record<string, number>;
  readonly failures: WatchFailure[];
  readonly decidedMs: number | null;
}

/** Collects the failures of all changes: the judge itself looks at the current one only. */
export class Reporter {
  readonly #limits: Limits;
  readonly #saved: Saved;
  readonly #failures = new Map<string, WatchFailure>();

  constructor(limits: Limits, saved: Saved) {
    this.#limits = limits;
    this.#saved = saved;
  }

  /** To be called before each change, and at the end. */
  keep(history: History, now: number): void {
    this.#saved.look(history, now);
    for (const { slots } of viewOf(history, this.#limits, now).services.values()) {
      for (const failure of slots.flatMap(({ failures }) => failures)) {
        const { id } = failure.task;
        this.#failures.set(id, { ...asResult(failure, []), log: [...this.#saved.logOf(id)] });
      }
    }
  }

  report(history: History, now: number, decidedMs: number | null): Report {
    this.keep(history, now);
    const remembered = new Set(history.tasks.map(({ id }) => id));
    const restarts: Record<string, number> = { ...history.dropped };
    for (const { task, service } of this.#failures.values()) if (remembered.has(task)) restarts[service] = (restarts[service] ?? 0) + 1;
    const failures = [...this.#failures.values()].sort((a, b) => a.at.localeCompare(b.at));
    return { restarts, failures, decidedMs };
  }
}
