import type Docker from "dockerode";
import { inventoryOf } from "../inventory.ts";
import { ContainerShell } from "../shell/container-shell.ts";
import { engineOnNode, portsThrough } from "../sockets.ts";
import type { Edge, Inventory, NodeShell, PortsOf, Residue, Swarm } from "../types.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { removeRun } from "./remove.ts";
import type { NodePorts, RunningNode } from "./start-node.ts";

/** A Swarm of its own, and what only a throwaway one has. */
export interface Throwaway extends Swarm {
  readonly kind: "ephemeral";
  /** The manager's container on the host engine: what `attachThrowaway` wants. */
  readonly containerId: string;
  readonly nodes: readonly RunningNode[];
  /** The manager's, on 127.0.0.1. */
  readonly hostPorts: NodePorts;
  /** Rejects with infra `edge` or `edge-image` where Traefik does not come up. */
  readonly edgeReady: Promise<void>;
  /** Aborts when a node is lost: it ended, or somebody removed it. */
  readonly lost: AbortSignal;
  /** Lets go without removing anything: a kept node lives on as long as it is kept, any other 50 s. */
  detach(): void;
}

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
  readonly portsOf: PortsOf;
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
    this.portsOf = portsThrough(parts.nodes.map(({ docker, container }) => engineOnNode(docker, new ContainerShell(container, parts.shell.runDir))));
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
