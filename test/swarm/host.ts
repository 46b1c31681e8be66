import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { provision, type Machine } from "../../harness/machine/machine.ts";

/** A machine that can carry throwaway Swarms; provisions what is missing only where the caller agreed (`--install`). */
export function testMachine(seeds: readonly string[], signal: AbortSignal): Promise<Machine> {
  return provision({
    install: process.env.RECIPE_CI_INSTALL === "1",
    ask: async () => false,
    seeds,
    standIn: true,
    log: (line) => console.log(line),
    signal,
  });
}

/** A run id that no other test has. */
export function newRunId(test: string): string {
  return `test-${test}-${randomBytes(4).toString("hex")}`;
}

/** Names of a run's containers and volumes on the host, whatever state they are in. */
export async function tracesOf(host: Docker, runId: string): Promise<string[]> {
  const filters = { label: [`recipe-ci.run=${runId}`] };
  const [containers, volumes] = await Promise.all([host.listContainers({ all: true, filters }), host.listVolumes({ filters })]);
  return [...containers.map((one) => one.Names[0] ?? one.Id), ...(volumes.Volumes ?? []).map((one) => one.Name)];
}
