import type Docker from "dockerode";
import { waitFor } from "../../base/wait.ts";
import { bounded } from "../bounded.ts";
import type { RunningNode } from "./start-node.ts";

const callMs = 30_000;

/**
 * Makes the nodes one Swarm, the first its manager, with the `proxy` network that recipes expect: a /16, as Swarm loses
 * addresses of a network when stacks are removed carelessly.
 * @throws EngineTimeout, or the engine's error
 */
export async function formSwarm(nodes: readonly RunningNode[], signal: AbortSignal): Promise<void> {
  const [manager, ...workers] = nodes;
  if (!manager) throw new TypeError("formSwarm: no nodes");
  await bounded("docker swarm init", manager.docker.swarmInit({ AdvertiseAddr: manager.ip, ListenAddr: "0.0.0.0:2377" }), callMs, signal);
  const proxy = { Name: "proxy", Driver: "overlay", Attachable: true, IPAM: { Config: [{ Subnet: "10.222.0.0/16" }] } };
  await Promise.all([
    bounded("docker network create proxy", manager.docker.createNetwork(proxy), callMs, signal),
    joinAll(manager, workers, signal),
  ]);
}

/** Makes nodes workers of a manager's Swarm, and waits until all of it is ready. @throws as `formSwarm` */
export async function joinAll(manager: RunningNode, workers: readonly RunningNode[], signal: AbortSignal): Promise<void> {
  if (workers.length === 0) return;
  const swarm = (await bounded("docker swarm inspect", manager.docker.swarmInspect(), callMs, signal)) as { JoinTokens: { Worker: string } };
  await Promise.all(workers.map((node) => join(node, manager, swarm.JoinTokens.Worker, signal)));
  await allReady(manager.docker, signal, await Promise.all(workers.map(idOf)));
}

async function join(node: RunningNode, manager: RunningNode, token: string, signal: AbortSignal): Promise<void> {
  const options = { RemoteAddrs: [`${manager.ip}:2377`], JoinToken: token, AdvertiseAddr: node.ip, ListenAddr: "0.0.0.0:2377" };
  await bounded("docker swarm join", node.docker.swarmJoin(options), callMs, signal);
}

/** A node's id in its Swarm. */
export async function idOf({ docker }: RunningNode): Promise<string> {
  const info = (await bounded("docker info", docker.info(), callMs)) as { Swarm?: { NodeID?: string } };
  return info.Swarm?.NodeID ?? "";
}

async function allReady(docker: Docker, signal: AbortSignal, ids: readonly string[]): Promise<void> {
  await waitFor(
    async () => {
      const nodes = (await docker.listNodes()) as { ID?: string; Status?: { State?: string } }[];
      const ready = ids.filter((id) => nodes.some(({ ID, Status }) => ID === id && Status?.State === "ready")).length;
      return ready >= ids.length ? { done: true, value: undefined } : { done: false, saw: `${ready} of ${ids.length} workers ready` };
    },
    { what: "all nodes of the Swarm", timeoutMs: callMs, signal },
  );
}
