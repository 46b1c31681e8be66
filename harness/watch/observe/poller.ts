import type { Clock } from "../../base/clock.ts";

export interface PollerOptions {
  /** One look at the daemon; never rejects, never overlaps another. */
  readonly poll: () => Promise<void>;
  /** Some tasks are where no event tells of them: nothing wakes, so it looks more often. */
  readonly unheard: () => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** After a wake: this often, for this long. */
const hotMs = 30;
const hotForMs = 1_000;
const idleMs = 500;
const unheardMs = 300;

/** Polls every 500 ms (300 where tasks run on nodes whose events are not heard), and every 30 ms for a second after a wake; an engine that needs longer to answer gets as long to rest. */
export class Poller {
  readonly #options: PollerOptions;
  #hotUntil = 0;
  #round = 0;
  #awake: (() => void) | null = null;
  #waiters: { readonly round: number; readonly done: () => void }[] = [];

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    const { poll, clock, signal } = this.#options;
    const end = () => this.#awake?.();
    signal.addEventListener("abort", end, { once: true });
    while (!signal.aborted) {
      const started = clock.monotonic();
      const round = ++this.#round;
      await poll();
      this.#release(round);
      await this.#rest(started);
    }
    this.#release(Number.POSITIVE_INFINITY);
  }

  /** Something happened: look closely for a while. */
  wake(): void {
    this.#hotUntil = this.#options.clock.monotonic() + hotForMs;
    this.#awake?.();
  }

  /** Resolves when a poll that began after this call has ended, or when polling has. */
  look(): Promise<void> {
    if (this.#options.signal.aborted) return Promise.resolve();
    return new Promise((done) => {
      this.#waiters.push({ round: this.#round + 1, done });
      this.wake();
    });
  }

  #release(round: number): void {
    const ready = this.#waiters.filter((waiter) => waiter.round <= round);
    this.#waiters = this.#waiters.filter((waiter) => waiter.round > round);
    for (const { done } of ready) done();
  }

  async #rest(started: number): Promise<void> {
    const { clock, signal } = this.#options;
    const hot = () => clock.monotonic() < this.#hotUntil;
    const tookMs = clock.monotonic() - started;
    const calmMs = this.#options.unheard() ? unheardMs : idleMs;
    await this.#sleep(started + Math.min(calmMs, Math.max(hotMs, 2 * tookMs)), false);
    if (!signal.aborted && !hot()) await this.#sleep(started + calmMs, true);
  }

  /** Until a time on the monotonic clock; a wake ends only the longer, idle part. */
  #sleep(until: number, wakeable: boolean): Promise<void> {
    const { clock, signal } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#awake = null;
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, until - clock.monotonic()));
      this.#awake = () => {
        if (wakeable || signal.aborted) done();
      };
      if (signal.aborted) done();
    });
  }
}
