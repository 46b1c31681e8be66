import type Docker from "dockerode";
import { bounded } from "../../swarm/bounded.ts";
import { stackContainers } from "../../swarm/container-files.ts";

const callMs = 20_000;

interface RawStats {
  readonly memory_stats?: { readonly usage?: number; readonly stats?: { readonly inactive_file?: number; readonly total_inactive_file?: number } };
}

/** The memory that a stack's containers on this engine use now, by service, bytes; without what is only kept as a cache, as `docker stats` shows it. */
export async function memoryOf(docker: Docker, stack: string): Promise<Record<string, number>> {
  const running = (await stackContainers(docker, stack)).filter((one) => one.running);
  const used = await Promise.all(running.map(async ({ id, service }) => ({ service, bytes: await usedBy(docker, id) })));
  const sums: Record<string, number> = {};
  for (const { service, bytes } of used) if (bytes !== null) sums[service] = (sums[service] ?? 0) + bytes;
  return sums;
}

/** Null where the engine does not know: the container has just ended, or nobody counts memory here. */
async function usedBy(docker: Docker, id: string): Promise<number | null> {
  const stats = (await bounded(`memory of ${id}`, docker.getContainer(id).stats({ stream: false, "one-shot": true }), callMs).catch(() => null)) as RawStats | null;
  return stats ? bytesOf(stats) : null;
}

export function bytesOf({ memory_stats: memory }: RawStats): number | null {
  if (memory?.usage === undefined) return null;
  return memory.usage - (memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0);
}
