import type Docker from "dockerode";
import { bounded, statusOf } from "./bounded.ts";
import type { Resource } from "./types.ts";

/**
 * Who holds an address on the network that all apps share, as far as this engine knows: a container that went without giving it back
 * still stands there, and the shared network runs out of addresses in days.
 * @returns each by the name of its container; none where there is no such network
 * @throws EngineTimeout, or the engine's error
 */
export async function proxyAddresses(docker: Docker): Promise<Resource[]> {
  try {
    const { Containers } = (await bounded("docker network inspect proxy", docker.getNetwork("proxy").inspect(), 20_000)) as { Containers?: Record<string, { Name?: string }> | null };
    return Object.entries(Containers ?? {}).map(([id, { Name }]) => ({ kind: "address", id, name: Name || id }));
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw error;
  }
}
