import { rm } from "node:fs/promises";
import { runDir } from "../base/paths.ts";
import { stillRuns, thisProcess } from "../base/processIdentity.ts";
import { waitFor } from "../base/wait.ts";
import { connect, currentEndpoint } from "../machine/endpoint.ts";
import { leaseName, readLabels } from "../queue/leaseRecord.ts";
import { takeDown } from "../queue/sweep.ts";
import { bounded, statusOf } from "../swarm/bounded.ts";

/** A build whose input to us ended is gone within this time, or alive and done with us; milliseconds. */
const dyingMs = 10_000;

/** All that a run owns may take this long to go, milliseconds. */
const budgetMs = 600_000;

/**
 * `recipe-ci guard RUN`, which the build itself starts: waits for the end of its input, that is of the build, and takes down what
 * a build on a shared Swarm left where it was killed outright. A build that ended well has removed its lease, and then nothing is to be done.
 */
export async function guardRun(run: string): Promise<number> {
  // The terminal's own signals are for the build.
  for (const name of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(name, () => {});
  const docker = connect(currentEndpoint());
  await endOf(process.stdin);
  const signal = AbortSignal.timeout(budgetMs);
  const name = leaseName(run);
  const found = await bounded("docker config inspect", docker.getConfig(name).inspect(), 20_000, signal).catch((error: unknown) => {
    if (statusOf(error) === 404) return null;
    throw error;
  });
  const reading = readLabels(found?.Spec?.Labels);
  if (reading?.kind !== "lease" || reading.record.state === "kept") return 0;
  const here = thisProcess();
  const gone = () => stillRuns(reading.record.owner, here) === false;
  const look = async () => (gone() ? ({ done: true, value: true } as const) : ({ done: false, saw: "it runs" } as const));
  if (!(await waitFor(look, { what: "the build to be gone", timeoutMs: dyingMs, signal }).catch(() => false))) return 0;
  const left = await takeDown({ docker, log: () => {}, signal }, { name }, reading.record);
  await rm(runDir(run), { recursive: true, force: true });
  return left.length > 0 ? 4 : 0;
}

async function endOf(input: NodeJS.ReadStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ["end", "close", "error"]) input.once(event, () => resolve());
  input.resume();
  await promise;
}
