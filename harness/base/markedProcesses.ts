import { readdirSync, readFileSync } from "node:fs";
import { waitFor } from "./wait.ts";

/**
 * In the environment of all that a run starts: what outlives a run that was killed is found by it, whatever group it is in. What is
 * to stay when the run has ended, as an engine that was started for it, is given another value.
 */
export const runMark = "RECIPE_CI_RUN";

/** What was killed is gone within this time, milliseconds. */
const goneMs = 10_000;

/**
 * Kills every process on this machine that carries the mark of a run, and waits until none is left. What belongs to other users, and
 * what a system without /proc does not show, is not seen.
 * @throws WaitTimeout where one does not go; the signal's reason
 */
export async function endMarked(run: string, signal: AbortSignal): Promise<void> {
  const look = async () => {
    const left = killMarked(run);
    return left.length === 0 ? ({ done: true, value: undefined } as const) : ({ done: false, saw: `${left.join(", ")} still there` } as const);
  };
  await waitFor(look, { what: `the processes of run ${run} to be gone`, timeoutMs: goneMs, signal, intervalMs: 20 });
}

/** Kills them without waiting, for whoever has no time. @returns their numbers */
export function killMarked(run: string): number[] {
  const found = markedWith(run);
  for (const pid of found) kill(pid);
  return found;
}

/** Processes that carry the mark of a run, this one aside. Zombies have ended: they carry nothing. */
export function markedWith(run: string): number[] {
  const pids = quietly(() => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)) ?? [];
  return pids.filter((pid) => pid !== process.pid && (quietly(() => readFileSync(`/proc/${pid}/environ`, "latin1")) ?? "").split("\0").includes(`${runMark}=${run}`));
}

function kill(pid: number): void {
  quietly(() => process.kill(pid, "SIGKILL"));
}

function quietly<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
