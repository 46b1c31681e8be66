import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import pRetry from "p-retry";
import { messageOf } from "../base/errors.ts";
import { endMarked } from "../base/markedProcesses.ts";
import { stateDir } from "../base/paths.ts";
import { type ProcessIdentity, stillRuns, thisProcess } from "../base/processIdentity.ts";
import { pause, waitFor } from "../base/wait.ts";
import { forgetDeadRunHere } from "../build/kept.ts";
import { connect, currentEndpoint } from "../machine/endpoint.ts";
import { beatEveryMs } from "../queue/judgeLease.ts";
import { type Found, lookAt } from "../queue/leaseObject.ts";
import { leaseName } from "../queue/leaseRecord.ts";
import { takeDown } from "../queue/takeDown.ts";
import { statusOf } from "../swarm/bounded.ts";

/** A build whose input to us ended is gone within this time, or alive and done with us; milliseconds. */
const dyingMs = 10_000;

/** An engine that went down with the build may take this long to come back, and all that a run owns this long to go; milliseconds. */
const budgetMs = 900_000;

/** Where nobody can see whether the build runs, a lease that stands still for this long is nobody's, milliseconds. */
const silentMs = 3 * beatEveryMs;

/**
 * `recipe-ci guard RUN`, which the build itself starts: waits for the end of its input, that is of the build, and takes down what
 * a build on a shared Swarm left where it was killed outright. A build that ended well has removed its lease, and then nothing is to
 * be done. What goes wrong stands in guardian.log in the state folder: nobody reads what a guardian prints.
 */
export async function guardRun(run: string): Promise<number> {
  // The terminal's own signals are for the build.
  for (const name of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(name, () => {});
  await endOf(process.stdin);
  try {
    return await takeOver(run, AbortSignal.timeout(budgetMs));
  } catch (error) {
    note(run, messageOf(error));
    return 3;
  }
}

async function takeOver(run: string, signal: AbortSignal): Promise<number> {
  const docker = connect(currentEndpoint());
  const found = await leaseOf(docker, run, signal);
  if (found?.reading?.kind !== "lease" || found.reading.record.state === "kept") return 0;
  const { record } = found.reading;
  if (!(await isOver(docker, found, record.owner, signal))) return 0;
  const left = await takeDown({ docker, log: () => {}, signal, endProcesses: (one) => endMarked(one, signal) }, found, record);
  if (left === null) return 0;
  for (const one of left) note(run, `${one.kind} ${one.name} is left behind: ${one.remove}`);
  if (left.length === 0) await forgetDeadRunHere(run);
  return left.length > 0 ? 4 : 0;
}

/** Null where there is none. The engine may be on its way back. */
async function leaseOf(docker: Docker, run: string, signal: AbortSignal): Promise<Found | null> {
  const look = () => lookAt(docker, leaseName(run), signal).catch((error: unknown) => {
    if (statusOf(error) === 404) return null;
    throw error;
  });
  return pRetry(look, { retries: 1000, minTimeout: 500, maxTimeout: 5_000, signal });
}

/** Whether the build has ended: by looking, or where nobody can look, by its lease standing still. */
async function isOver(docker: Docker, { id, version }: Found, owner: ProcessIdentity, signal: AbortSignal): Promise<boolean> {
  const here = thisProcess();
  if (stillRuns(owner, here) === null) {
    await pause(silentMs, signal);
    const later = await lookAt(docker, id, signal).catch(() => null);
    return later?.version === version;
  }
  const look = async () => (stillRuns(owner, here) === false ? ({ done: true, value: true } as const) : ({ done: false, saw: "it runs" } as const));
  return waitFor(look, { what: "the build to be gone", timeoutMs: dyingMs, signal }).catch(() => false);
}

function note(run: string, line: string): void {
  mkdirSync(stateDir(), { recursive: true });
  appendFileSync(join(stateDir(), "guardian.log"), `${new Date().toISOString()} run ${run}: ${line}\n`, { mode: 0o600 });
}

async function endOf(input: NodeJS.ReadStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ["end", "close", "error"]) input.once(event, () => resolve());
  input.resume();
  await promise;
}
