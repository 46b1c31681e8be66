import { bounded } from "../../swarm/bounded.ts";
import { fixed } from "../limits.ts";
import { healthOf, trustedBlindlyAt } from "../policy/readiness.ts";
import type { History, TaskRecord } from "../types.ts";
import type { Intake } from "./intake.ts";

/**
 * Whether a TCP socket that others can reach listens in a task's container; null where nobody can look.
 * Given by the build, which knows the nodes.
 */
export type Listening = (place: { readonly node: string | null; readonly container: string }) => Promise<boolean | null>;

export interface SocketsOptions {
  readonly listening: Listening;
  readonly intake: Intake;
  /** The watch's timeline. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** From one answer about a task to the next question, milliseconds. */
const againMs = 250;
/** Where nobody could look, or looking failed. */
const blindAgainMs = 5_000;
const lookMs = 10_000;
/** What changes the history is judged anew: that still nothing listens is told no more often. */
const tellDeafMs = 5_000;

/** Asks beside the polls, until first seen, and never keeps a poll waiting. */
export class Sockets {
  readonly #options: SocketsOptions;
  /** By task: when it may be asked about next; infinite while an answer is awaited. */
  readonly #next = new Map<string, number>();

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  afterPoll(history: History): void {
    if (this.#options.signal.aborted) return;
    const now = this.#options.now();
    const asked = worthAsking(history, now);
    const ids = new Set(asked.map(({ id }) => id));
    for (const id of this.#next.keys()) if (!ids.has(id)) this.#next.delete(id);
    for (const task of asked) if (now >= (this.#next.get(task.id) ?? 0)) void this.#ask(task);
  }

  async #ask({ id, node, container, runningAt, deafAt }: TaskRecord): Promise<void> {
    const { listening, intake, now, signal } = this.#options;
    this.#next.set(id, Number.POSITIVE_INFINITY);
    const seen = await bounded(`sockets of task ${id}`, listening({ node, container: container ?? "" }), lookMs, signal).catch(() => null);
    if (signal.aborted) return;
    if (seen) intake.learn(id, { listeningAt: now() });
    else if (seen === false && now() - (deafAt ?? 0) >= tellDeafMs) intake.learn(id, { deafAt: now() });
    const late = runningAt !== null && now() - runningAt >= fixed.blindReadyMs;
    if (this.#next.has(id)) this.#next.set(id, now() + (seen === null || late ? blindAgainMs : againMs));
  }
}

/**
 * Running tasks of which nobody knows yet whether others can rely on them: no health check says so, something waits for
 * them, and the time after which they are trusted blindly has not passed.
 */
export function worthAsking(history: History, now: number): TaskRecord[] {
  const needed = new Set(Object.values(history.dependencies).flat());
  if (needed.size === 0) return [];
  return history.tasks.filter((task) =>
    task.state === "running" && !task.gone && task.container !== null && task.listeningAt === null && needed.has(task.service)
    && task.runningAt !== null && now < trustedBlindlyAt(task.runningAt, task) && healthOf(task, history).kind !== "checked");
}
