import { FindingError } from "../../base/errors.ts";
import { statusOf } from "../../swarm/bounded.ts";
import { runningContainer } from "../../swarm/running-container.ts";
import type { Swarm } from "../../swarm/types.ts";

/**
 * The container of a service's newest running task, where something is to be done in it or to it, which only its own node can.
 * @throws FindingError (harness-limit, probe-blind) where it runs on another node than the one that is asked
 */
export async function containerHere(swarm: Pick<Swarm, "docker">, stack: string, service: string): Promise<string | null> {
  const place = await runningContainer(swarm.docker, `${stack}_${service}`);
  if (!place) return null;
  try {
    await swarm.docker.getContainer(place.container).inspect();
    return place.container;
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    // It may have ended in between: only what still runs is elsewhere.
    const now = await runningContainer(swarm.docker, `${stack}_${service}`);
    if (now?.container !== place.container) return null;
    throw blind(service, `${service} runs on node ${place.node ?? "unknown"}, and probes reach only what runs on the manager`);
  }
}

/** Nobody could look, which says nothing about the recipe. */
export function blind(service: string, summary: string): FindingError {
  return new FindingError("harness-limit", { class: "probe-blind", service, summary, evidence: [], hint: "use a probe of kind http, or a Swarm of one node" });
}
