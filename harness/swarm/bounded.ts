import { humanDuration } from "../base/clock.ts";
import { orAbort } from "../base/wait.ts";

/** An engine call that took longer than it may. */
export class EngineTimeout extends Error {
  override readonly name = "EngineTimeout";
}

/**
 * Gives a call to the engine a hard limit: dockerode itself waits for ever.
 * @param what in words, for the message: `docker network ls`
 * @throws EngineTimeout after `timeoutMs`; the signal's reason as soon as it aborts
 */
export async function bounded<T>(what: string, promise: Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new EngineTimeout(`the engine did not answer within ${humanDuration(timeoutMs)}: ${what}`)), timeoutMs);
  });
  try {
    const raced = Promise.race([promise, limit]);
    return await (signal ? orAbort(raced, signal) : raced);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}

/** The HTTP status of an error that came from an engine, or null. */
export function statusOf(error: unknown): number | null {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : null;
}

/** Runs a removal; what is gone already is fine. */
export async function unlessGone(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}
