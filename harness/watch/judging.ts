import type { Clock } from "../base/clock.ts";
import { type Blame, FindingError } from "../base/errors.ts";
import { deadlineFinding } from "./policy/deadline.ts";
import { isNews } from "./policy/wording.ts";
import { judge } from "./policy.ts";
import type { History, Judgement, Limits } from "./types.ts";

/** When a wait was over, and how long after the first service of the change that was known. */
export interface Settled {
  /** When the last thing fell into place, milliseconds since the epoch by the daemon's clock. */
  readonly atMs: number;
  /** From the first service of this change to this being known, milliseconds. */
  readonly decidedMs: number;
  /** What is green and still worth a line. */
  readonly warnings: readonly string[];
}

export interface JudgingOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly history: () => History;
  readonly now: () => number;
  /** Gives what is being read about a failure a moment to arrive: the reason is worth more with its log lines. */
  readonly details: (ms: number) => Promise<void>;
  readonly onVerdict: (error: FindingError) => void;
  readonly onLine: (line: string, news: boolean) => void;
}

interface Waiting {
  readonly kind: "settled" | "converged";
  /** Converged only: up for at least this long, milliseconds. */
  readonly holdMs: number;
  /** The daemon was looked at since it began to wait: what was seen before proves nothing. */
  fresh: boolean;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: unknown) => void;
}

const detailsMs = 100;
const blames: Readonly<Record<"failed" | "infra" | "harness-limit", Blame>> = { failed: "recipe", infra: "infra", "harness-limit": "harness-limit" };

/** Judges after each look, keeps the first verdict for good, and ends those who wait. */
export class Judging {
  readonly #options: JudgingOptions;
  readonly #waiting = new Set<Waiting>();
  #verdict: FindingError | null = null;
  #declaring = false;
  #line = "";
  #over: { readonly reason: unknown } | null = null;
  /** From the first service of the latest decided change to its first decision, milliseconds; null before any. */
  decidedMs: number | null = null;
  #decidedChange: number | null = null;

  constructor(options: JudgingOptions) {
    this.#options = options;
  }

  /** To be called after each look at the daemon. */
  look(): void {
    if (this.#verdict || this.#declaring || this.#over) return;
    const judged = this.#judge();
    if ("reason" in judged) return void this.#declare(judged);
    if (judged.line !== this.#line) this.#options.onLine(judged.line, isNews(judged.line, this.#line));
    this.#line = judged.line;
    if (judged.kind === "waiting") return;
    for (const waiting of this.#waiting) {
      if (!waiting.fresh) continue;
      if (waiting.kind === "converged" && (judged.kind !== "converged" || this.#options.now() - judged.since < waiting.holdMs)) continue;
      waiting.resolve({ atMs: judged.since, decidedMs: this.#decide(), warnings: judged.warnings });
    }
  }

  /**
   * Waits for the stack to be settled or converged.
   * @param holdMs converged only: the least time that all has to have been up, milliseconds
   * @param fresh resolves when the daemon was looked at anew
   * @throws FindingError by verdict or deadline; the reason given to `end`
   */
  async until(kind: Waiting["kind"], { timeoutMs, setBy, holdMs = 0 }: { timeoutMs: number; setBy?: string | undefined; holdMs?: number | undefined }, fresh: () => Promise<void>): Promise<Settled> {
    const started = this.#options.clock.monotonic();
    const { promise, resolve, reject } = Promise.withResolvers<Settled>();
    const waiting: Waiting = { kind, holdMs, fresh: false, resolve, reject };
    this.#waiting.add(waiting);
    const ended = this.#over?.reason ?? this.#verdict;
    if (ended) reject(ended);
    const timer = setTimeout(() => reject(this.#deadline(this.#options.clock.monotonic() - started, setBy)), timeoutMs);
    void fresh().then(() => {
      waiting.fresh = true;
      this.look();
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    }
  }

  /** No more looks will come. */
  end(reason: unknown): void {
    this.#over ??= { reason };
    for (const { reject } of this.#waiting) reject(reason);
  }

  #judge(): Judgement {
    return judge(this.#options.history(), this.#options.limits, this.#options.now());
  }

  async #declare(first: Exclude<Judgement, { line: string }>): Promise<void> {
    this.#declaring = true;
    await this.#options.details(detailsMs);
    const again = this.#judge();
    const judged = "reason" in again ? again : first;
    this.#verdict = new FindingError(blames[judged.kind], judged.reason);
    this.#decide();
    this.#options.onVerdict(this.#verdict);
    for (const { reject } of this.#waiting) reject(this.#verdict);
  }

  #deadline(waitedMs: number, setBy: string | undefined): FindingError {
    this.#decide();
    return deadlineFinding(this.#options.history(), this.#options.limits, this.#options.now(), waitedMs, this.#judge(), setBy);
  }

  /** A change is decided once: by the first who learns that it is settled, or by a verdict before that. */
  #decide(): number {
    const { startedAt, at } = this.#options.history().change;
    const ms = Math.max(0, Math.round(this.#options.now() - (startedAt ?? at)));
    if (this.#decidedChange !== at || this.#verdict) this.decidedMs = ms;
    this.#decidedChange = at;
    return ms;
  }
}
