import type Docker from "dockerode";
import { splitLines } from "../../../harness/base/command.ts";
import { inventoryOf } from "../../../harness/swarm/inventory.ts";

interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

export interface HostWatch {
  /** Containers, volumes and networks that this run has added to the host's engine and that are still there, anonymous volumes too. */
  left(runId: string): Promise<string[]>;
  close(): void;
}

/**
 * Compares the host's engine before and after a run. Others may be at work on it, so a run's own are told by its id in name or
 * label, and its anonymous volumes by having been mounted in one of its containers.
 */
export async function watchHost(docker: Docker): Promise<HostWatch> {
  const before = new Set((await inventoryOf([docker])).resources.map(keyOf));
  const events: EngineEvent[] = [];
  const stream = (await docker.getEvents({ filters: { type: ["container", "volume"], event: ["create", "mount"] } })) as NodeJS.ReadableStream & { destroy(): void };
  stream.on("data", splitLines((line) => events.push(JSON.parse(line) as EngineEvent)));
  stream.on("error", () => {});
  return {
    left: async (runId) => {
      const own = ownIds(events, runId);
      const { resources } = await inventoryOf([docker]);
      return resources.filter((one) => !before.has(keyOf(one)) && (own.has(one.id) || one.name.includes(runId))).map((one) => `${one.kind} ${one.name}`);
    },
    close: () => stream.destroy(),
  };
}

function ownIds(events: readonly EngineEvent[], runId: string): Set<string> {
  const isOwn = ({ Attributes: { name = "", "recipe-ci.run": run } }: EngineEvent["Actor"]) => run === runId || name.includes(runId);
  const containers = new Set(events.flatMap(({ Type, Action, Actor }) => (Type === "container" && Action === "create" && isOwn(Actor) ? [Actor.ID] : [])));
  const volumes = events.flatMap(({ Type, Action, Actor }) => (Type === "volume" && Action === "mount" && containers.has(Actor.Attributes.container ?? "") ? [Actor.ID] : []));
  return new Set([...containers, ...volumes]);
}

function keyOf({ kind, id }: { kind: string; id: string }): string {
  return `${kind} ${id}`;
}
