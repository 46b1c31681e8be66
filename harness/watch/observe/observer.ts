import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Mask } from "../../base/mask.ts";
import { addDisturbance, addPoll, addSilence, applyChange, beginChange, endDisturbance, expectServices, newHistory, restart } from "../history.ts";
import type { History } from "../types.ts";
import { Details } from "./details.ts";
import type { Daemon } from "./daemon.ts";
import type { Notice } from "./events.ts";
import { Poller } from "./poller.ts";
import type { Poll } from "./seen.ts";

export interface ObserverOptions {
  readonly stack: string;
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly missingImages: readonly string[];
  readonly overlaid?: readonly string[];
  readonly daemon: Daemon;
  readonly clock: Clock;
  readonly mask: Mask;
  readonly signal: AbortSignal;
  /** After each look at the daemon, also after one without an answer. */
  readonly onLook: () => void;
}

/** Nodes change seldom: this many milliseconds between two looks at them. */
const nodesEveryMs = 5_000;

/** Feeds one history from events and polling, on one timeline. */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #poller: Poller;
  readonly #details: Details;
  #history: History;
  /** Wall-clock time of the daemon when our monotonic clock read 0. */
  #anchor: number;
  #nodesAt = Number.NEGATIVE_INFINITY;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#anchor = options.clock.wall() - options.clock.monotonic();
    this.#history = newHistory({ ...options, at: this.now() });
    this.#poller = new Poller({ ...options, poll: () => this.#poll() });
    this.#details = new Details({ ...options, update: (change) => (this.#history = change(this.#history)) });
  }

  get history(): History {
    return this.#history;
  }

  /** The watch's timeline: the daemon's clock at the start, never stepping afterwards. */
  now(): number {
    return this.#anchor + this.#options.clock.monotonic();
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    await this.#synchronize();
    await this.#poller.run();
  }

  /** Resolves when the daemon was looked at after this call, answered or not. */
  look(): Promise<void> {
    return this.#poller.look();
  }

  /** Resolves when the logs that are being read have been read, or after `ms`. */
  details(ms: number): Promise<void> {
    return this.#details.settle(ms);
  }

  notice(notice: Notice): void {
    this.#details.notice(notice);
    this.#poller.wake();
  }

  beginChange(name: string): void {
    this.#history = beginChange(this.#history, name, this.now());
  }

  applyChange(): void {
    this.#history = applyChange(this.#history);
    this.#poller.wake();
  }

  expect(services: readonly string[]): void {
    this.#history = expectServices(this.#history, services);
  }

  disturb({ targets, forMs, why }: { readonly targets: readonly string[]; readonly forMs: number; readonly why: string }): () => void {
    const from = this.now();
    const disturbance = { targets, from, until: from + forMs, why };
    this.#history = addDisturbance(this.#history, disturbance);
    return () => {
      this.#history = endDisturbance(this.#history, disturbance, this.now());
    };
  }

  async #synchronize(): Promise<void> {
    const { clock, daemon } = this.#options;
    const asked = clock.monotonic();
    try {
      const time = await daemon.time();
      this.#anchor = time - (asked + clock.monotonic()) / 2;
    } catch {
      // Without the daemon's time ours has to do; stamps are believed only within what polling sees anyway.
    }
    this.#history = restart(this.#history, this.now());
    await this.#details.begin();
  }

  async #poll(): Promise<void> {
    const withNodes = this.now() - this.#nodesAt >= nodesEveryMs;
    try {
      const poll = await this.#options.daemon.poll(() => this.now(), withNodes);
      if (withNodes) this.#nodesAt = poll.at;
      this.#history = addPoll(this.#history, this.#masked(poll));
      this.#details.afterPoll(this.#history);
    } catch (error) {
      if (!this.#options.signal.aborted) this.#history = addSilence(this.#history, messageOf(error));
    }
    if (!this.#options.signal.aborted) this.#options.onLook();
  }

  #masked(poll: Poll): Poll {
    const masked = (text: string | null) => (text === null ? null : this.#options.mask.text(text));
    return { ...poll, tasks: poll.tasks.map((task) => ({ ...task, error: masked(task.error), message: masked(task.message) })) };
  }
}
