import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, humanDuration, systemClock } from "./clock.ts";

/** What a poll saw: done with a value, or not yet, with what it last saw in words. */
export type Seen<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly saw: string };

export interface WaitOptions {
  /** What is waited for, in words: `the app's page through Traefik`. */
  readonly what: string;
  /** How long at most, milliseconds. */
  readonly timeoutMs: number;
  /** Ends the wait at once with the signal's reason. */
  readonly signal: AbortSignal;
  /** First pause between polls, milliseconds; grows by half to `maxIntervalMs`. */
  readonly intervalMs?: number;
  readonly maxIntervalMs?: number;
  /** Told what the wait saw, each time that changes. */
  readonly onSaw?: (saw: string) => void;
  readonly clock?: Clock;
}

/** A wait that ran out of time, with what it last saw. */
export class WaitTimeout extends Error {
  override readonly name = "WaitTimeout";
  readonly what: string;
  readonly saw: string;
  readonly waitedMs: number;

  constructor(what: string, saw: string, waitedMs: number) {
    super(`gave up waiting for ${what} after ${humanDuration(waitedMs)}; last saw: ${saw}`);
    this.what = what;
    this.saw = saw;
    this.waitedMs = waitedMs;
  }
}

/**
 * Polls until done. Starts at once, polls tightly first (100 ms growing to 1 s).
 * @throws WaitTimeout after `timeoutMs`; the signal's reason when it aborts; whatever `poll` throws
 */
export async function waitFor<T>(poll: (signal: AbortSignal) => Promise<Seen<T>>, options: WaitOptions): Promise<T> {
  const clock = options.clock ?? systemClock;
  const started = clock.monotonic();
  let interval = options.intervalMs ?? 100;
  const longest = options.maxIntervalMs ?? 1000;
  let saw = "nothing yet";
  for (;;) {
    options.signal.throwIfAborted();
    const left = options.timeoutMs - (clock.monotonic() - started);
    const seen = await orAbort(poll(options.signal), options.signal);
    if (seen.done) return seen.value;
    if (seen.saw !== saw) options.onSaw?.(seen.saw);
    saw = seen.saw;
    if (left <= 0) throw new WaitTimeout(options.what, saw, clock.monotonic() - started);
    await pause(Math.min(interval, Math.max(left, 0)), options.signal);
    interval = Math.min(interval * 1.5, longest);
  }
}

/** A pause that the signal ends at once. Rejects with the signal's reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** The promise, or the signal's reason as soon as it aborts, even if the promise never settles. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
