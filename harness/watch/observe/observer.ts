import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Mask } from "../../base/mask.ts";
import { addDisturbance, applyChange, beginChange, endDisturbance, declare, expectServices, restart, type Declared } from "../history.ts";
import type { Disturbance, History } from "../types.ts";
import { Details } from "./details.ts";
import type { Daemon } from "./daemon.ts";
import { Intake } from "./intake.ts";
import { Poller } from "./poller.ts";
import type { Listening } from "./sockets.ts";

export interface ObserverOptions {
  readonly stack: string;
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly missingImages: readonly string[];
  readonly overlaid?: readonly string[];
  readonly daemon: Daemon;
  readonly listening?: Listening;
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
  readonly #intake: Intake;
  /** Wall-clock time of the daemon when our monotonic clock read 0. */
  #anchor: number;
  #nodesAt = Number.NEGATIVE_INFINITY;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#anchor = options.clock.wall() - options.clock.monotonic();
    this.#intake = new Intake({ ...options, at: this.now() });
    this.#poller = new Poller({ ...options, poll: () => this.#poll(), unheard: () => this.history.nodes.length > 1 });
    this.#details = new Details({ ...options, intake: this.#intake, now: () => this.now() });
  }

  get history(): History {
    return this.#intake.history;
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

  /** A stream of events was opened: what was missed before it shows in the next look. */
  opened(): void {
    this.#intake.opened();
    this.#poller.wake();
  }

  events(chunk: Buffer): void {
    const notices = this.#intake.events(chunk, this.now());
    for (const notice of notices) this.#details.notice(notice);
    if (notices.length > 0) this.#poller.wake();
  }

  beginChange(name: string, declared?: Declared): void {
    this.#intake.declare((history) => beginChange(declared ? declare(history, declared) : history, name, this.now()));
  }

  applyChange(): void {
    this.#intake.declare(applyChange);
    this.#poller.wake();
  }

  expect(services: readonly string[]): void {
    this.#intake.declare((history) => expectServices(history, services));
  }

  disturb({ forMs, ...what }: Omit<Disturbance, "from" | "until"> & { readonly forMs: number }): () => void {
    const from = this.now();
    const disturbance = { ...what, from, until: from + forMs };
    this.#intake.declare((history) => addDisturbance(history, disturbance));
    return () => this.#intake.declare((history) => endDisturbance(history, disturbance, this.now()));
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
    this.#intake.declare((history) => restart(history, this.now()));
    await this.#details.begin();
  }

  async #poll(): Promise<void> {
    const withNodes = this.now() - this.#nodesAt >= nodesEveryMs;
    try {
      const answers = await this.#options.daemon.ask(() => this.now(), withNodes);
      if (this.#options.signal.aborted) return;
      this.#intake.answers(answers);
      if (withNodes) this.#nodesAt = answers.at;
      this.#details.afterPoll(this.history);
    } catch (error) {
      if (!this.#options.signal.aborted) this.#intake.silence(messageOf(error));
    }
    if (!this.#options.signal.aborted) this.#options.onLook();
  }
}
