import { thisProcess } from "../base/processIdentity.ts";
import { connect, currentEndpoint } from "../machine/endpoint.ts";
import { type Swept, sweepSwarm } from "../queue/sweep.ts";
import { endMarked } from "../base/markedProcesses.ts";
import { forgetRunHere } from "../build/kept.ts";
import { statusOf } from "../swarm/bounded.ts";
import { infra, messageOf } from "../base/errors.ts";

/**
 * `recipe-ci sweep`: takes down what dead runs left on the Swarm of the current Docker context.
 * @returns 0, or 4 where something could not be removed
 * @throws FindingError infra where the engine does not answer
 */
export async function sweepCommand({ dryRun }: { dryRun: boolean }): Promise<number> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const { signal } = stop;
  const docker = connect(currentEndpoint());
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  let swept: Swept[] | null;
  try {
    swept = await leasesOf(() => sweepSwarm({ docker, here: thisProcess(), dryRun, patient: true, endProcesses: (run) => endMarked(run, signal), forget: forgetRunHere, log, signal }));
  } catch (error) {
    if (!signal.aborted) throw error;
    log("recipe-ci: stopped; what was begun the next sweep ends");
    return 130;
  }
  const lines = swept === null ? ["this engine is no manager of a Swarm: there are no leases to look at"] : told(swept, dryRun);
  process.stdout.write(`${lines.join("\n")}\n`);
  return swept?.some(({ left }) => left !== null && left.length > 0) ? 4 : 0;
}

/** Null where there is no Swarm: nothing was looked at. @throws FindingError infra */
async function leasesOf(sweep: () => Promise<Swept[]>): Promise<Swept[] | null> {
  try {
    return await sweep();
  } catch (error) {
    if (statusOf(error) === 503 || statusOf(error) === 406) return null;
    throw infra("daemon", `the engine can't be asked for leases: ${messageOf(error)}`, "see whether it runs: docker info", [], error);
  }
}

/** One line a lease; that there is none, and that none is dead, are different answers. */
export function told(swept: readonly Swept[], dryRun: boolean): string[] {
  if (swept.length === 0) return ["no run has a lease on this Swarm: nothing was looked at, and nothing is left of runs that had one"];
  const lines = swept.flatMap(({ run, is, why, owns, left }) => [
    `${run}  ${is}: ${why}`,
    ...(is === "dead" ? [`  ${dryRun ? "would take down" : "took down"} ${owns.length > 0 ? owns.join(", ") : "its lease; it owned nothing"}`] : []),
    ...(left ?? []).map((one) => `  still there: ${one.kind} ${one.name}; remove it with: ${one.remove}`),
  ]);
  const dead = swept.filter(({ is }) => is === "dead").length;
  return [...lines, `${swept.length} run(s) looked at, ${dead} dead${dryRun && dead > 0 ? "; nothing was changed" : ""}`];
}
