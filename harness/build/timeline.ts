import { type Clock, iso, systemClock } from "../base/clock.ts";
import type { PhaseResult, Status } from "../../reports/results.ts";

export type Span = PhaseResult["spans"][number];

interface Mark {
  readonly name: string;
  readonly startedAt: number;
  readonly started: number;
}

/**
 * The build's phases: timed by the monotonic clock, disjoint, in order. A phase runs from the end of the one before it,
 * so that together they are the build; what runs beside one is a span in it.
 */
export class Timeline {
  readonly #clock: Clock;
  readonly #phases: PhaseResult[] = [];
  readonly #origin: Mark;
  #last: number;
  #current: { mark: Mark; spans: Span[] } | null = null;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#origin = { name: "build", startedAt: clock.wall(), started: clock.monotonic() };
    this.#last = this.#origin.started;
  }

  get startedAt(): string {
    return iso(this.#origin.startedAt);
  }

  /** The name of the phase that is on, or null between phases. */
  get phase(): string | null {
    return this.#current?.mark.name ?? null;
  }

  /** Begins a phase where the one before it ended. @throws Error when a phase is still on */
  begin(name: string): void {
    if (this.#current) throw new Error(`phase ${name} begins inside phase ${this.#current.mark.name}`);
    this.#current = { mark: { name, startedAt: this.#wallAt(this.#last), started: this.#last }, spans: [] };
  }

  /** Ends the phase that is on and returns it. @throws Error when none is on */
  end(status: Status): PhaseResult {
    const current = this.#current;
    if (!current) throw new Error("no phase to end");
    this.#current = null;
    const now = this.#clock.monotonic();
    const phase: PhaseResult = {
      name: current.mark.name,
      startedAt: iso(current.mark.startedAt),
      durationMs: this.#sinceOrigin(now) - this.#sinceOrigin(this.#last),
      status,
      // In order of their beginning: one that holds others comes before them.
      spans: current.spans.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)),
    };
    this.#last = now;
    this.#phases.push(phase);
    return phase;
  }

  /** Times something. It stands in the phase in which it ends, also when it throws; what runs beside several began earlier. */
  async span<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = this.#clock.monotonic();
    const startedAt = this.#clock.wall();
    try {
      return await work();
    } finally {
      this.#current?.spans.push({ name, startedAt: iso(startedAt), durationMs: Math.round(this.#clock.monotonic() - started) });
    }
  }

  /** Everything so far. `durationMs` is the sum of the ended phases. */
  summary(): { startedAt: string; finishedAt: string; durationMs: number; phases: PhaseResult[] } {
    return {
      startedAt: this.startedAt,
      finishedAt: iso(this.#wallAt(this.#last)),
      durationMs: this.#sinceOrigin(this.#last),
      phases: [...this.#phases],
    };
  }

  /** Rounded from the origin, not phase by phase, so that rounding never adds up to a gap. */
  #sinceOrigin(monotonic: number): number {
    return Math.round(monotonic - this.#origin.started);
  }

  #wallAt(monotonic: number): number {
    return this.#origin.startedAt + this.#sinceOrigin(monotonic);
  }
}
