import type Docker from "dockerode";
import { bounded } from "./bounded.ts";
import type { ContainerPlace } from "./types.ts";

interface RawTask {
  readonly CreatedAt: string;
  readonly NodeID?: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
}

const listMs = 10_000;

/**
 * The container of a service's newest running task, on whichever node; null where none runs.
 * @param service its name in the Swarm: `stack_app`
 * @throws EngineTimeout after 10 s; the signal's reason as soon as it aborts
 */
export async function runningContainer(docker: Docker, service: string, signal?: AbortSignal): Promise<ContainerPlace | null> {
  const filters = { service: [service], "desired-state": ["running"] };
  const tasks = (await bounded(`tasks of ${service}`, docker.listTasks({ filters }), listMs, signal)) as unknown as RawTask[];
  const running = tasks.filter(({ Status }) => Status.State === "running" && Status.ContainerStatus?.ContainerID);
  const newest = running.toSorted((a, b) => a.CreatedAt.localeCompare(b.CreatedAt)).at(-1);
  const container = newest?.Status.ContainerStatus?.ContainerID;
  return container ? { node: newest.NodeID ?? null, container } : null;
}
