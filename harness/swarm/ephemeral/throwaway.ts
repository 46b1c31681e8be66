import type Docker from "dockerode";
import { inventoryOf } from "../inventory.ts";
import type { Edge, Inventory, NodeShell, Residue, Swarm } from "../types.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { removeRun } from "./remove.ts";
import type { NodePorts, RunningNode } from "./start-node.ts";
import type { Throwaway } from "./start.ts";

/** What a started throwaway Swarm is made of. */
export interface Parts {
  readonly host: Docker;
  readonly runId: string;
  readonly nodes: readonly RunningNode[];
  readonly beats: readonly Heartbeat[];
  readonly shell: NodeShell;
  readonly facts: Swarm["facts"];
  readonly edge: Edge;
  readonly edgeReady: Promise<void>;
  readonly lost: AbortController;
  /** Ends what is still going on in the background. */
  readonly abandon: AbortController;
}

export class ThrowawaySwarm implements Throwaway {
  readonly kind = "ephemeral";
  readonly docker: Docker;
  readonly shell: NodeShell;
  readonly edge: Edge;
  readonly facts: Swarm["facts"];
  readonly nodes: readonly RunningNode[];
  readonly containerId: string;
  readonly hostPorts: NodePorts;
  readonly edgeReady: Promise<void>;
  readonly lost: AbortSignal;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    const manager = parts.nodes[0] as RunningNode;
    this.#parts = parts;
    this.docker = manager.docker;
    this.shell = parts.shell;
    this.edge = parts.edge;
    this.facts = parts.facts;
    this.nodes = parts.nodes;
    this.containerId = manager.container.id;
    this.hostPorts = manager.ports;
    this.edgeReady = parts.edgeReady;
    this.lost = parts.lost.signal;
  }

  async inventory(): Promise<Inventory> {
    return inventoryOf(this.nodes.map((node) => node.docker));
  }

  async close(): Promise<readonly Residue[]> {
    this.detach();
    return removeRun(this.#parts.host, this.#parts.runId);
  }

  async keepFor(ms: number): Promise<void> {
    await Promise.all(this.#parts.beats.map((beat) => beat.keepFor(ms)));
  }

  detach(): void {
    this.#parts.abandon.abort(new Error("the throwaway Swarm was given up"));
    for (const beat of this.#parts.beats) beat.stop();
  }
}
