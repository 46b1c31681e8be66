import type Docker from "dockerode";
import { pause } from "../../harness/base/wait.ts";
import type { Camera } from "./camera.ts";
import { ofStack } from "./engine.ts";
import { type Service, specOf } from "./specs.ts";
import type { Tape } from "./tape.ts";

export interface StageOptions {
  readonly stack: string;
  /** The manager's, then the other nodes'. */
  readonly engines: readonly Docker[];
  /** The containers that are the nodes, in the same order. */
  readonly nodes: readonly Docker.Container[];
  readonly tape: Tape;
  readonly camera: Camera;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

type Services = Readonly<Record<string, Service>>;

/** What a plot can do: each change is told to the tape as a build would tell its watch. */
export class Stage {
  readonly #o: StageOptions;
  #services: Services = {};
  readonly #foreign: Docker.Service[] = [];
  #drained = false;
  #frozen: Docker.Container | null = null;

  constructor(options: StageOptions) {
    this.#o = options;
  }

  get #docker(): Docker {
    return this.#o.engines[0] as Docker;
  }

  /** Waits until so many seconds after the recording's start. */
  async at(seconds: number): Promise<void> {
    await pause(Math.max(0, seconds * 1000 - this.#o.now()), this.#o.signal);
  }

  /** @param gap seconds between two services */
  async deploy(services: Services, { gap = 0 } = {}): Promise<void> {
    await this.#before("deploy");
    for (const [index, [name, service]] of Object.entries(services).entries()) {
      if (index > 0 && gap > 0) await pause(gap * 1000, this.#o.signal);
      await this.#docker.createService(specOf(this.#o.stack, name, service));
    }
    this.#after(services);
  }

  /** Deploys again: all services are sent, as `docker stack deploy` does, or only those that change. */
  async change(changes: Services, { only = false } = {}): Promise<void> {
    await this.#before("upgrade");
    const all = { ...this.#services, ...changes };
    for (const [name, service] of Object.entries(only ? changes : all)) {
      if (!(name in this.#services)) {
        await this.#docker.createService(specOf(this.#o.stack, name, service));
        continue;
      }
      const handle = this.#docker.getService(`${this.#o.stack}_${name}`);
      const { Version } = (await handle.inspect()) as { Version: { Index: number } };
      await handle.update({ ...specOf(this.#o.stack, name, service), version: Version.Index });
    }
    this.#after(all);
  }

  /** Removed and made again under the same name. */
  async again(name: string, service: Service): Promise<void> {
    await this.#before("deploy again");
    await this.#docker.getService(`${this.#o.stack}_${name}`).remove();
    await this.#docker.createService(specOf(this.#o.stack, name, service));
    this.#after({ ...this.#services, [name]: service });
  }

  /** A change that is not made by deploying. */
  async restore(act: () => Promise<void>): Promise<void> {
    await this.#before("restore");
    await act();
    this.#after(this.#services);
  }

  disturb(targets: readonly string[], seconds: number, why: string): void {
    this.#o.tape.add({ kind: "disturb", at: Math.round(this.#o.now()), targets, forMs: seconds * 1000, why });
  }

  /** Kills the containers of a service. */
  async kill(name: string): Promise<void> {
    const filters = { label: [`com.docker.swarm.service.name=${this.#o.stack}_${name}`] };
    for (const engine of this.#o.engines) {
      for (const { Id } of await engine.listContainers({ filters })) await engine.getContainer(Id).kill();
    }
  }

  async network(name: string, subnet: string): Promise<void> {
    await this.#docker.createNetwork({ Name: `${this.#o.stack}_${name}`, Driver: "overlay", IPAM: { Config: [{ Subnet: subnet }] } });
  }

  /** A service that is of no stack. */
  async foreign(service: Service): Promise<void> {
    const spec = { ...specOf(this.#o.stack, "other", service), Name: `other${this.#foreign.length}-${this.#o.stack}`, Labels: {} };
    const made = (await this.#docker.createService(spec)) as { id?: string; ID?: string };
    this.#foreign.push(this.#docker.getService(made.id ?? made.ID ?? ""));
  }

  /** The second node takes no tasks any more. */
  async drain(availability: "drain" | "active" = "drain"): Promise<void> {
    const nodes = (await this.#docker.listNodes()) as { ID: string; Version: { Index: number }; Spec: { Role: string } }[];
    const worker = nodes.find(({ Spec }) => Spec.Role === "worker");
    this.#drained = availability === "drain";
    if (!worker) throw new Error("no worker to drain");
    await this.#docker.getNode(worker.ID).update({ ...worker.Spec, Availability: availability, version: worker.Version.Index });
  }

  /** The second node stops answering. */
  async freeze(): Promise<void> {
    const node = this.#o.nodes[1];
    if (!node) throw new Error("no second node to freeze");
    await node.pause();
    this.#frozen = node;
  }

  /** Removes what the plot made, and makes the nodes ready for the next. */
  async clear(): Promise<void> {
    await this.#frozen?.unpause();
    if (this.#drained) await this.drain("active");
    const found = (await this.#docker.listServices({ filters: ofStack(this.#o.stack).filters as string })) as { ID: string }[];
    await Promise.all([...this.#foreign, ...found.map(({ ID }) => this.#docker.getService(ID))].map((service) => service.remove()));
  }

  async #before(name: string): Promise<void> {
    // The watch takes its snapshot from a look that it begins now.
    await this.#o.camera.look();
    this.#o.tape.add({ kind: "before", at: Math.round(this.#o.now()), name });
  }

  #after(services: Services): void {
    this.#services = services;
    this.#o.tape.add({ kind: "after", at: Math.round(this.#o.now()), services: Object.keys(services) });
  }
}
