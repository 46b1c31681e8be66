import type Docker from "dockerode";
import { bounded, unlessGone } from "../swarm/bounded.ts";
import { runLabel } from "../swarm/ephemeral/container.ts";
import type { Thing } from "./retention.ts";

/** A volume that no container uses. Plain data. */
export interface LooseVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; null where the engine does not say. */
  readonly createdAt: number | null;
  /** Null where nobody counted. */
  readonly bytes: number | null;
}

const callMs = 20_000;
/** The node that a younger one is for may be about to be made. */
const youngMs = 3_600_000;
/** Counting looks at every file of every volume, milliseconds. */
const countMs = 60_000;

/**
 * Volumes that throwaway nodes left, as things that may go: those with the label of a run that is not known to be going on. All others
 * are somebody's, and not even listed.
 * @param over whether a run is over for all that is known of it on this machine; one that it never saw is
 * @param now milliseconds since the epoch
 */
export function volumeThings(volumes: readonly LooseVolume[], over: (run: string) => boolean, now: number): Thing[] {
  return volumes.flatMap(({ name, labels, createdAt, bytes }): Thing[] => {
    const run = labels[runLabel];
    if (run === undefined) return [];
    return [{ id: name, bytes: bytes ?? 0, usedAt: createdAt ?? 0, hold: holdOf(createdAt, over(run), now) }];
  });
}

function holdOf(createdAt: number | null, isOver: boolean, now: number): string | null {
  if (createdAt === null) return "nobody knows how old it is";
  if (!isOver) return "its build runs, or may run";
  return now - createdAt < youngMs ? "it is less than an hour old" : null;
}

/** Volumes with a run's label that no container uses, not even a stopped one. @throws EngineTimeout, or the engine's error; the signal's reason */
export async function looseVolumes(docker: Docker, { count, signal }: { count: boolean; signal: AbortSignal }): Promise<LooseVolume[]> {
  const filters = { dangling: ["true"], label: [runLabel] };
  const found = (await bounded("docker volume ls", docker.listVolumes({ filters }), callMs, signal)).Volumes ?? [];
  const sizes = count && found.length > 0 ? await sizesOf(docker, signal) : new Map<string, number>();
  return found.map((volume) => {
    const created = Date.parse((volume as { CreatedAt?: string }).CreatedAt ?? "");
    return { name: volume.Name, labels: volume.Labels ?? {}, createdAt: Number.isNaN(created) ? null : created, bytes: sizes.get(volume.Name) ?? null };
  });
}

/** By name. Empty where the engine takes too long to count: then only age decides. */
async function sizesOf(docker: Docker, signal: AbortSignal): Promise<Map<string, number>> {
  const counted = (await bounded("docker system df", docker.df(), countMs, signal).catch(() => {
    signal.throwIfAborted();
    return {};
  })) as { Volumes?: readonly { Name: string; UsageData?: { Size?: number } | null }[] | null };
  // -1: the engine could not count it.
  return new Map((counted.Volumes ?? []).map(({ Name, UsageData }) => [Name, Math.max(UsageData?.Size ?? 0, 0)]));
}

/** Removes one; where a container has it by now, the engine refuses. @throws the engine's error */
export async function removeVolume(docker: Docker, name: string, signal: AbortSignal): Promise<void> {
  await unlessGone(bounded(`docker volume rm ${name}`, docker.getVolume(name).remove(), callMs, signal));
}
