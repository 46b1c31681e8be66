import { pause } from "../../base/wait.ts";
import type { History, TaskRecord } from "../types.ts";
import type { Daemon } from "./daemon.ts";
import type { Intake } from "./intake.ts";
import type { Notice } from "./notices.ts";
import { type Listening, Sockets } from "./sockets.ts";

/** Names of what was asked once are forgotten where the history has forgotten the task too. */
const mostAsked = 1_000;

export interface DetailsOptions {
  readonly daemon: Daemon;
  readonly signal: AbortSignal;
  readonly intake: Intake;
  readonly listening?: Listening;
  /** The watch's timeline. */
  readonly now: () => number;
}

/**
 * What a list of tasks does not show and Swarm soon throws away: log lines, kernel kills, exit codes of tasks that
 * nobody saw end, the health checks of images, listening sockets. Logs are read at the `die` event, before the task even
 * turns failed; those of other nodes, whose events nobody sees, at the first sight of the end.
 */
export class Details {
  readonly #options: DetailsOptions;
  readonly #asked = new Set<string>();
  readonly #reading = new Set<Promise<void>>();
  readonly #sockets: Sockets | null;
  #kills: number | null = null;

  constructor(options: DetailsOptions) {
    this.#options = options;
    this.#sockets = options.listening ? new Sockets({ ...options, listening: options.listening }) : null;
  }

  async begin(): Promise<void> {
    this.#kills = await this.#options.daemon.kernelKills();
  }

  notice(notice: Notice): void {
    if (notice.kind !== "die") return;
    if (notice.exitCode === 137) this.#start(`memory ${notice.task}`, () => this.#readKills(notice.task));
    this.#start(`log ${notice.task}`, () => this.#readLog(notice.task, notice.container));
  }

  afterPoll(history: History): void {
    for (const task of history.tasks) this.#complete(task);
    for (const image of imagesToAsk(history)) this.#start(`image ${image}`, () => this.#readImage(image));
    this.#sockets?.afterPoll(history);
    this.#forget(history);
  }

  /** Resolves when what is being read has been read, or after `ms`. */
  async settle(ms: number): Promise<void> {
    if (this.#reading.size === 0) return;
    const timer = new AbortController();
    await Promise.race([Promise.all(this.#reading), pause(ms, timer.signal).catch(() => {})]);
    timer.abort();
  }

  /** An end that no event told of: its log is read now. */
  #complete(task: TaskRecord): void {
    if ((task.state === "failed" || task.state === "complete") && !task.asked && !task.gone && task.container) {
      this.#start(`log ${task.id}`, () => this.#readLog(task.id, task.container));
    }
  }

  #forget({ tasks }: History): void {
    if (this.#asked.size < mostAsked + 2 * tasks.length) return;
    const known = new Set(tasks.flatMap(({ id }) => [`log ${id}`, `memory ${id}`]));
    for (const name of this.#asked) if (!known.has(name) && !name.startsWith("image ")) this.#asked.delete(name);
  }

  async #readLog(task: string, container: string | null): Promise<void> {
    const lines = await this.#options.daemon.log(task, container);
    this.#options.intake.learn(task, { log: lines });
  }

  async #readKills(task: string): Promise<void> {
    const before = this.#kills;
    this.#kills = await this.#options.daemon.kernelKills();
    if (before !== null && this.#kills !== null && this.#kills > before) this.#options.intake.learn(task, { hostOutOfMemory: true });
  }

  async #readImage(image: string): Promise<void> {
    const health = await this.#options.daemon.imageHealth(image);
    if (health) this.#options.intake.learnImage(image, health);
  }

  /** Once for each name. What can't be read is left unknown: it is evidence, no verdict waits for it. */
  #start(name: string, read: () => Promise<void>): void {
    if (this.#asked.has(name) || this.#options.signal.aborted) return;
    this.#asked.add(name);
    const reading = read().catch(() => {}).finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
  }
}

function imagesToAsk(history: History): Set<string> {
  const started = history.tasks.filter(({ health, startedAt, image }) => health.kind === "unknown" && startedAt !== null && !(image in history.imageHealth));
  return new Set(started.map(({ image }) => image));
}
