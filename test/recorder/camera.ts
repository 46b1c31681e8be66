import { readFileSync } from "node:fs";
import { pause } from "../../harness/base/wait.ts";
import { type Engine, ofStack } from "./engine.ts";
import type { Tape } from "./tape.ts";

/** Right after an event, else: milliseconds from one look to the next. */
const hotMs = 80;
const hotForMs = 700;
const idleMs = 400;
const nodesEveryMs = 2_000;

export interface CameraOptions {
  readonly engine: Engine;
  readonly stack: string;
  readonly tape: Tape;
  /** Milliseconds since the recording's start. */
  readonly now: () => number;
  /** The host's process ids of the nodes' first processes, and their engines. */
  readonly nodes: readonly { readonly pid: number; readonly engine: Engine }[];
  /** Longer looks, and none closer after events: milliseconds. */
  readonly everyMs?: number | undefined;
  readonly signal: AbortSignal;
}

interface ListedTask {
  readonly ID: string;
  readonly Spec: { readonly ContainerSpec?: { readonly Image: string; readonly Healthcheck?: object } };
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID: string } };
}

interface Place {
  readonly folder: string;
  readonly container: string;
  listens: string;
}

/** Looks at one stack again and again, and puts what it saw on the tape. */
export class Camera {
  readonly #options: CameraOptions;
  readonly #places = new Map<string, Place | null>();
  readonly #images = new Set<string>();
  #hotUntil = 0;
  #nodesAt = Number.NEGATIVE_INFINITY;

  constructor(options: CameraOptions) {
    this.#options = options;
  }

  wake(): void {
    this.#hotUntil = this.#options.now() + hotForMs;
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    const { now, signal, everyMs } = this.#options;
    while (!signal.aborted) {
      const started = now();
      await this.look();
      const next = () => started + (everyMs ?? (now() < this.#hotUntil ? hotMs : idleMs));
      while (now() < next() && !signal.aborted) await pause(Math.min(20, Math.max(1, next() - now())), signal).catch(() => {});
    }
  }

  async look(): Promise<void> {
    const { engine, stack, tape, now, signal } = this.#options;
    const withNodes = now() - this.#nodesAt >= nodesEveryMs;
    if (withNodes) this.#nodesAt = now();
    try {
      const asked = Math.round(now());
      const [tasks, services, nodes] = await Promise.all([
        engine.text("/tasks", ofStack(stack)),
        engine.text("/services", { ...ofStack(stack), status: "true" }),
        withNodes ? engine.text("/nodes") : null,
      ]);
      tape.look(asked, Math.round(now()), tasks, services, nodes);
      await this.#details(JSON.parse(tasks) as ListedTask[]);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #details(tasks: readonly ListedTask[]): Promise<void> {
    for (const { ID, Spec, Status } of tasks) {
      const container = Status.ContainerStatus?.ContainerID;
      if (Status.State !== "running" || !container) continue;
      await this.#image(Spec.ContainerSpec?.Image ?? "");
      if (Spec.ContainerSpec?.Healthcheck) continue;
      if (!this.#places.has(ID)) this.#places.set(ID, await this.#find(container));
      this.#sockets(ID);
    }
  }

  async #image(ref: string): Promise<void> {
    if (this.#images.has(ref)) return;
    this.#images.add(ref);
    const { engine, tape, now } = this.#options;
    tape.add({ kind: "image", text: await engine.text(`/images/${ref}/json`), ref, at: Math.round(now()) });
  }

  async #find(container: string): Promise<Place | null> {
    for (const { pid, engine } of this.#options.nodes) {
      const text = await engine.text(`/containers/${container}/json`).catch(() => null);
      if (text === null) continue;
      const inside = (JSON.parse(text) as { State: { Pid: number } }).State.Pid;
      // The node sees its own processes under its own numbers.
      return inside > 0 ? { folder: `/proc/${pid}/root/proc/${inside}/net`, container, listens: "" } : null;
    }
    return null;
  }

  #sockets(task: string): void {
    const place = this.#places.get(task);
    if (!place) return;
    try {
      const tcp = readFileSync(`${place.folder}/tcp`, "utf8");
      const tcp6 = readFileSync(`${place.folder}/tcp6`, "utf8");
      const listens = `${tcp}${tcp6}`.split("\n").filter((line) => / 0A /.test(line)).map((line) => line.split(/\s+/)[2]).join(" ");
      if (listens === place.listens) return;
      place.listens = listens;
      this.#options.tape.add({ kind: "sockets", at: Math.round(this.#options.now()), task, container: place.container, tcp, tcp6 });
    } catch {
      // Its process has just ended.
      this.#places.set(task, null);
    }
  }
}
