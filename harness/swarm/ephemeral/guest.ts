import { infra, messageOf } from "../../base/errors.ts";
import { bounded, unlessGone } from "../bounded.ts";
import { idOf, joinAll } from "./cluster.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { RunningNode } from "./start-node.ts";

const callMs = 20_000;

/** A worker that joins a throwaway Swarm for a while. */
export interface Guest {
  readonly node: RunningNode;
  /** In the Swarm. */
  readonly id: string;
  /** Nothing runs on it any more, and nothing new is placed there. @returns once Swarm knows; the tasks stop after that */
  drain(signal: AbortSignal): Promise<void>;
  /** Takes it out of the Swarm and removes it. Twice is harmless. @throws the engine's error */
  leave(): Promise<void>;
}

/** A node that was started, and the sign of life that it is given. */
export interface Started {
  readonly node: RunningNode;
  readonly beat: Heartbeat;
}

/**
 * Makes a started node a worker of the manager's Swarm.
 * @param gone told once it was removed
 * @throws infra `node-join`; the signal's reason
 */
export async function joinAsGuest(manager: RunningNode, { node, beat }: Started, gone: () => void, signal: AbortSignal): Promise<Guest> {
  try {
    await joinAll(manager, [node], signal);
  } catch (error) {
    signal.throwIfAborted();
    throw infra("node-join", `a second node could not join the throwaway Swarm: ${messageOf(error)}`, "look at the machine's memory and load, then run it again", [], error);
  }
  const id = await idOf(node);
  return {
    node,
    id,
    drain: (ended) => drain(manager, id, ended),
    async leave() {
      // Leaving by its own engine takes seconds, and nothing of it is of use afterwards.
      beat.stop();
      await unlessGone(bounded("docker rm", node.container.remove({ force: true, v: true }), callMs));
      await unlessGone(bounded("docker node rm", manager.docker.getNode(id).remove({ force: true }), callMs));
      gone();
    },
  };
}

async function drain({ docker }: RunningNode, id: string, signal: AbortSignal): Promise<void> {
  const node = docker.getNode(id);
  const { Spec, Version } = (await bounded("docker node inspect", node.inspect(), callMs, signal)) as { Spec: object; Version: { Index: number } };
  await bounded("docker node update --availability drain", node.update({ ...Spec, Availability: "drain", version: Version.Index }), callMs, signal);
}
