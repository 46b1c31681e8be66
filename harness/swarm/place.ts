import type Docker from "dockerode";
import { bounded } from "./bounded.ts";

/**
 * What is kept on an engine can be found there and nowhere else: its Swarm's id, or the engine's own for what is on a throwaway node.
 * @returns null where the engine does not tell
 * @throws EngineTimeout, or the engine's error
 */
export async function placeOf(host: Docker, kind: "ephemeral" | "local", signal: AbortSignal): Promise<string | null> {
  const info = (await bounded("docker info", host.info(), 20_000, signal)) as { ID?: string; Swarm?: { Cluster?: { ID?: string } } };
  return (kind === "local" ? info.Swarm?.Cluster?.ID : info.ID) || null;
}
