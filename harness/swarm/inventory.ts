import type Docker from "dockerode";
import { bounded, statusOf } from "./bounded.ts";
import type { Inventory, Resource, ResourceKind } from "./types.ts";

const listTimeoutMs = 20_000;

/**
 * Everything that exists on these engines: containers and volumes of each, and what belongs to the Swarm once.
 * An engine that is no Swarm manager has no services, secrets or configs.
 * @throws EngineTimeout, or the engine's error
 */
export async function inventoryOf(engines: readonly Docker[], signal?: AbortSignal): Promise<Inventory> {
  const lists = await Promise.all(engines.map((docker) => bounded("listing everything on the engine", listAll(docker), listTimeoutMs, signal)));
  const seen = new Map<string, Resource>();
  for (const one of lists.flat()) seen.set(`${one.kind} ${one.id}`, one);
  return { resources: [...seen.values()] };
}

async function listAll(docker: Docker): Promise<Resource[]> {
  const [containers, volumes, networks, services, secrets, configs] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listNetworks(),
    ofSwarm(docker.listServices()),
    ofSwarm(docker.listSecrets()),
    ofSwarm(docker.listConfigs()),
  ]);
  return [
    ...containers.map((c) => resource("container", c.Id, c.Names[0]?.replace(/^\//, ""))),
    ...(volumes.Volumes ?? []).map((v) => resource("volume", v.Name, v.Name)),
    ...networks.map((n) => resource("network", n.Id, n.Name)),
    ...services.map((s) => resource("service", s.ID, s.Spec?.Name)),
    ...secrets.map((s) => resource("secret", s.ID, s.Spec?.Name)),
    ...configs.map((c) => resource("config", c.ID, c.Spec?.Name)),
  ];
}

function resource(kind: ResourceKind, id: string, name: string | undefined): Resource {
  return { kind, id, name: name ?? id };
}

/** 503 (no Swarm) and 406 (a worker) mean that there is nothing to list here. */
async function ofSwarm<T>(list: Promise<T[]>): Promise<T[]> {
  try {
    return await list;
  } catch (error) {
    const status = statusOf(error);
    if (status === 503 || status === 406) return [];
    throw error;
  }
}
