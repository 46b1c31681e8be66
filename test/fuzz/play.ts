import { assert, property } from "fast-check";
import { Script } from "node:vm";
import type { Parser } from "./parser.ts";

/** One input may take this long: of this thread's own time, so that a busy machine is no failure. */
const longestMs = 1000;
/** What goes on for so long by the clock is ended: it would go on for ever. */
const watchdogMs = 60_000;

export interface PlayOptions {
  readonly seed: number;
  readonly runs: number;
  /** Stops there, however many runs are left; what was run then counts. */
  readonly budgetMs?: number;
}

export interface Played {
  readonly cases: number;
  readonly ms: number;
}

/**
 * Has a parser read inputs without end in sight. @throws Error with the smallest input that was found, and the seed
 */
export function play({ name, cases: { inputs, check } }: Parser, { seed, runs, budgetMs }: PlayOptions): Played {
  const started = performance.now();
  let count = 0;
  const one = property(inputs, (input) => {
    count += 1;
    inTime(`${name}: one input`, () => check(input as never));
  });
  const limit = budgetMs === undefined ? {} : { interruptAfterTimeLimit: budgetMs, markInterruptAsFailure: false };
  assert(one, { seed, numRuns: runs, ...limit });
  return { cases: count, ms: performance.now() - started };
}

/** Has a parser read its long inputs. @throws Error naming the one that took over a second */
export function playLong({ name, long }: Parser, only: string): void {
  inTime(`${name}: ${only}`, long[only] ?? (() => {}));
}

/** @throws Error where it takes over a second or changes what every object has */
function inTime(what: string, work: () => void): void {
  const before = process.threadCpuUsage();
  const prototypes = own();
  guarded(what, work);
  if (own() !== prototypes) throw new Error(`${what} changed a prototype`);
  const { user } = process.threadCpuUsage(before);
  if (user > longestMs * 1000) throw new Error(`${what} took ${Math.round(user / 1000)} ms`);
}

const call = new Script("work()");

/** An endless regular expression ends too: V8 looks for the limit where it backtracks. */
function guarded(what: string, work: () => void): void {
  const context = globalThis as { work?: () => void };
  context.work = work;
  try {
    call.runInThisContext({ timeout: watchdogMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") throw new Error(`${what} did not end within ${watchdogMs / 1000} s`, { cause: error });
    throw error;
  }
}

/** What every object has without having it itself. */
function own(): string {
  return [Object.prototype, Array.prototype, Function.prototype, String.prototype].map((one) => Reflect.ownKeys(one).length).join();
}
