import type Docker from "dockerode";
import { edgeReturns } from "../edge-back.ts";
import { inventoryOf } from "../inventory.ts";
import { ContainerShell } from "../shell/container-shell.ts";
import { type Engine, engineOnNode, portsThrough } from "../sockets.ts";
import type { Edge, Inventory, NodeShell, PortsOf, Residue, Swarm } from "../types.ts";
import { type Guest, joinAsGuest, type Started } from "./guest.ts";
import { losePower } from "./power.ts";
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
  /**
   * Everything on the manager ends at once, its engine too, and it starts again, as when a machine loses its power.
   * @returns when the Swarm is ready and the edge answers again: null, or what was seen of an edge that had to be started anew
   * @throws FindingError infra `node-restart` or `edge`; the signal's reason
   */
  restartNode(timeoutMs: number, signal: AbortSignal): Promise<string | null>;
  /**
   * Starts another node like the first and makes it a worker. It goes with the Swarm, or earlier by `leave`.
   * @throws FindingError infra `node-start` or `node-join`; the signal's reason
   */
  addNode(signal: AbortSignal): Promise<Guest>;
  /** Lets go without removing anything: a kept node lives on as long as it is kept, any other 50 s. */
  detach(): void;
}

/** What a started throwaway Swarm is made of. */
export interface Parts {
  readonly host: Docker;
  readonly runId: string;
  /** The manager first. */
  readonly members: readonly Started[];
  /** Starts one more node of this run. */
  readonly start: (index: number, signal: AbortSignal) => Promise<Started>;
  readonly shell: NodeShell;
  readonly facts: Swarm["facts"];
  readonly edge: Edge;
  readonly inside: Swarm["inside"];
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
  readonly inside: Swarm["inside"];
  readonly containerId: string;
  readonly hostPorts: NodePorts;
  readonly edgeReady: Promise<void>;
  readonly lost: AbortSignal;
  readonly portsOf: PortsOf;
  readonly #parts: Parts;
  readonly #manager: RunningNode;
  #members: readonly Started[];
  /** By node: how its containers' sockets are looked at. Read anew at each look. */
  readonly #engines: Engine[];
  /** Nodes that are being added. */
  readonly #coming = new Set<Promise<unknown>>();
  #highest: number;

  constructor(parts: Parts) {
    const manager = parts.members[0]?.node as RunningNode;
    this.#parts = parts;
    this.#manager = manager;
    this.#members = parts.members;
    this.#engines = parts.members.map((member) => this.#engineOf(member));
    this.#highest = parts.members.length;
    this.docker = manager.docker;
    this.shell = parts.shell;
    this.edge = parts.edge;
    this.facts = parts.facts;
    this.inside = parts.inside;
    this.containerId = manager.container.id;
    this.hostPorts = manager.ports;
    this.edgeReady = parts.edgeReady;
    this.lost = parts.lost.signal;
    this.portsOf = portsThrough(this.#engines);
  }

  get nodes(): readonly RunningNode[] {
    return this.#members.map(({ node }) => node);
  }

  async inventory(): Promise<Inventory> {
    return inventoryOf(this.nodes.map((node) => node.docker));
  }

  async close(): Promise<readonly Residue[]> {
    this.detach();
    // One that is still being started would come after the look for what there is.
    await Promise.allSettled(this.#coming);
    this.detach();
    return removeRun(this.#parts.host, this.#parts.runId);
  }

  async addNode(signal: AbortSignal): Promise<Guest> {
    const coming = this.#join(AbortSignal.any([signal, this.#parts.abandon.signal]));
    this.#coming.add(coming);
    try {
      return await coming;
    } finally {
      this.#coming.delete(coming);
    }
  }

  async #join(signal: AbortSignal): Promise<Guest> {
    const started = await this.#parts.start(++this.#highest, signal);
    const engine = this.#engineOf(started);
    this.#members = [...this.#members, started];
    this.#engines.push(engine);
    return joinAsGuest(this.#manager, started, () => {
      this.#members = this.#members.filter((member) => member !== started);
      this.#engines.splice(this.#engines.indexOf(engine), 1);
    }, signal);
  }

  #engineOf({ node: { docker, container } }: Started): Engine {
    return engineOnNode(docker, new ContainerShell(container, this.#parts.shell.runDir));
  }

  async restartNode(timeoutMs: number, signal: AbortSignal): Promise<string | null> {
    const ended = AbortSignal.any([signal, this.lost]);
    await losePower(this.#manager, this.shell, timeoutMs, ended);
    return edgeReturns(this.docker, this.edge, { timeoutMs }, ended);
  }

  async keepFor(ms: number): Promise<void> {
    await Promise.all(this.#members.map(({ beat }) => beat.keepFor(ms)));
  }

  detach(): void {
    this.#parts.abandon.abort(new Error("the throwaway Swarm was given up"));
    for (const { beat } of this.#members) beat.stop();
  }
}
