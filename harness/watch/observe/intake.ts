import type { Mask } from "../../base/mask.ts";
import { addEcho, addImageHealth, addPoll, addSilence, addToTask, type HistoryStart, isUnchanged, newHistory } from "../history.ts";
import type { Health, History } from "../types.ts";
import { type Notice, NoticeReader } from "./notices.ts";
import { readNodes, ServiceReader, TaskReader } from "./parse.ts";
import { unlessSame } from "./same.ts";
import type { Poll } from "./seen.ts";

/** One round of answers, byte for byte as the engine sent them. */
export interface Answers {
  /** When they were asked for, and when the last one was complete: milliseconds on the watch's timeline. */
  readonly askedAt: number;
  readonly at: number;
  readonly tasks: Buffer;
  readonly services: Buffer;
  /** Null where this round did not ask. */
  readonly nodes: Buffer | null;
}

/** What else can be learned about a task, beside what lists of tasks show. */
export type TaskFacts = Parameters<typeof addToTask>[2];

export interface IntakeOptions extends HistoryStart {
  readonly mask: Mask;
}

/** What is wrong with garbage can be told of each of its thousand entries; it stands in a line that somebody reads. */
const mostErrorText = 300;
/** Facts about tasks that no answer has listed yet, and ends that no list has shown: this many are kept. */
const keptEarly = 1_000;

/**
 * The one way from what an engine sends to the history. No clock, timer or I/O of its own: all comes with its time, so
 * that a recording goes through it exactly as an engine's live answers do.
 */
export class Intake {
  readonly #mask: Mask;
  readonly #notices: NoticeReader;
  readonly #tasks;
  readonly #services;
  readonly #nodes = unlessSame(readNodes);
  readonly #early = new Map<string, TaskFacts>();
  /** By task: what `die` told. Used where no list ever shows the end. */
  readonly #ends = new Map<string, { readonly exitCode: number | null; readonly at: number }>();
  /** Answers that changed nothing in this history: when they come again, they need not be looked through. */
  #still: { readonly poll: Poll; readonly history: History } | null = null;
  #history: History;

  constructor(options: IntakeOptions) {
    this.#mask = options.mask;
    this.#history = newHistory(options);
    this.#notices = new NoticeReader(options.stack);
    const tasks = new TaskReader((text) => options.mask.text(text));
    const services = new ServiceReader(options.stack);
    this.#tasks = unlessSame((answer) => tasks.read(answer));
    this.#services = unlessSame((answer) => services.read(answer));
  }

  get history(): History {
    return this.#history;
  }

  /**
   * All that one look at the engine gave.
   * @throws SyntaxError, ZodError or RangeError where any of it is garbage or nested too deep; the history then stays as it was
   */
  answers({ askedAt, at, tasks, services, nodes }: Answers): void {
    const poll = { askedAt, at, tasks: this.#tasks(tasks), services: this.#services(services), nodes: nodes === null ? null : this.#nodes(nodes) };
    const before = this.#history;
    if (this.#still && isEcho(poll, this.#still.poll) && isUnchanged(before, this.#still.history)) this.#history = addEcho(before, at);
    else {
      this.#history = addPoll(before, poll);
      this.#still = isUnchanged(this.#history, before) ? { poll: { ...poll, nodes: poll.nodes ?? this.#still?.poll.nodes ?? null }, history: before } : null;
    }
    this.#complete();
  }

  /** The engine gave no good answer. */
  silence(error: string): void {
    this.#history = addSilence(this.#history, this.#mask.text(error.replaceAll(/\s+/g, " ")).slice(0, mostErrorText));
  }

  /** A new stream of events was opened. */
  opened(): void {
    this.#notices.reset();
  }

  /**
   * A chunk of the stream of events.
   * @param at when it arrived
   * @returns what to look after; none where nothing in it is about the stack
   */
  events(chunk: Uint8Array, at: number): Notice[] {
    const notices = this.#notices.read(chunk, at);
    for (const notice of notices) {
      if (notice.kind === "oom") this.learn(notice.task, { oom: true });
      if (notice.kind === "health") this.learn(notice.task, { unhealthy: notice.unhealthy });
      if (notice.kind === "die") remember(this.#ends, notice.task, { exitCode: notice.exitCode, at: notice.at });
    }
    return notices;
  }

  /** A fact about a task, which need not be listed yet. Log lines are masked here. */
  learn(task: string, facts: TaskFacts): void {
    const safe = facts.log ? { ...facts, log: this.#mask.lines(facts.log) } : facts;
    if (this.#history.tasks.some(({ id }) => id === task)) this.#history = addToTask(this.#history, task, safe);
    else remember(this.#early, task, { ...this.#early.get(task), ...safe });
  }

  learnImage(image: string, health: Health): void {
    this.#history = addImageHealth(this.#history, image, health);
  }

  /** What the build declares: changes, disturbances, what is expected. */
  declare(change: (history: History) => History): void {
    this.#history = change(this.#history);
  }

  /** Joins what was learned early, or by events alone, to the tasks it is about. */
  #complete(): void {
    if (this.#early.size === 0 && this.#ends.size === 0) return;
    for (const { id, endedAt, gone, exitCode } of this.#history.tasks) {
      const early = this.#early.get(id);
      if (early) this.#history = addToTask(this.#history, id, early);
      this.#early.delete(id);
      const end = this.#ends.get(id);
      if (end === undefined || endedAt === null) continue;
      this.#ends.delete(id);
      if (gone && exitCode === null) this.#history = addToTask(this.#history, id, { exitCode: end.exitCode, endedAt: Math.min(endedAt, end.at) });
    }
  }
}

/** Answers of the same bytes are read as the very same lists. */
const isEcho = (poll: Poll, last: Poll): boolean =>
  poll.tasks === last.tasks && poll.services === last.services && (poll.nodes === null || poll.nodes === last.nodes);

/** Bounded: what is never listed is forgotten, oldest first. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > keptEarly && oldest !== undefined) map.delete(oldest);
}
