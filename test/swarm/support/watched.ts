import type Docker from "dockerode";
import type { FindingError } from "../../../harness/base/errors.ts";
import { Mask } from "../../../harness/base/mask.ts";
import { waitFor } from "../../../harness/base/wait.ts";
import type { Throwaway } from "../../../harness/swarm/ephemeral/start.ts";
import { startWatch, type Watch, type WatchOptions } from "../../../harness/watch/watch.ts";

export const image = "nginx:1.27";
export const second = 1_000_000_000;
/** Well before the next task could fail. How soon it really is, `npm run bench:watch` measures: here others may use the machine. */
export const soonMs = 3_000;

/** Shell for nginx as a database that says nothing of its health: from then on it listens. */
export const listen = (address = "0.0.0.0"): string => `echo "pid /tmp/p; events {} http { server { listen ${address}:5432; } }" >/tmp/n.conf; exec nginx -c /tmp/n.conf -g "daemon off;"`;

export interface Extra {
  readonly container?: object;
  readonly restart?: object;
  readonly update?: object;
  readonly image?: string;
  /** Placement constraints. */
  readonly on?: readonly string[];
  readonly replicas?: number;
}

/** One stack on a throwaway Swarm with a watch on it. Node and tests share the kernel's clock: Date.now() and the daemon's stamps compare. */
export class Watched {
  readonly #swarm: Throwaway;
  readonly #signal: AbortSignal;
  readonly stack: string;
  readonly watch: Watch;
  removed = false;

  constructor(swarm: Throwaway, stack: string, signal: AbortSignal, options: Partial<WatchOptions> = {}) {
    this.#swarm = swarm;
    this.#signal = signal;
    this.stack = stack;
    const listening: WatchOptions["listening"] = async (place) => {
      const ports = await swarm.portsOf(place);
      return ports && ports.length > 0;
    };
    this.watch = startWatch({ docker: swarm.docker, stack, dependencies: new Map(), missingImages: [], mask: new Mask(), listening, signal, ...options });
  }

  async create(name: string, script: string, extra: Extra = {}): Promise<void> {
    await this.#swarm.docker.createService(this.#spec(name, script, extra));
  }

  async update(name: string, script: string, extra: Extra = {}): Promise<void> {
    const service = this.#swarm.docker.getService(`${this.stack}_${name}`);
    const { Version } = await service.inspect() as { Version: { Index: number } };
    await service.update({ ...this.#spec(name, script, extra), version: Version.Index });
  }

  #spec(name: string, script: string, { container = {}, restart = {}, update = {}, image: ref = image, on = [], replicas = 1 }: Extra): Docker.CreateServiceOptions {
    const labels = { "com.docker.stack.namespace": this.stack };
    return {
      Name: `${this.stack}_${name}`,
      Labels: labels,
      TaskTemplate: {
        ContainerSpec: { Image: ref, Command: ["sh", "-c", script], Labels: labels, StopGracePeriod: second, ...container },
        RestartPolicy: restart,
        Placement: { Constraints: [...on] },
      },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Parallelism: 1, Monitor: 2 * second, ...update },
    } as unknown as Docker.CreateServiceOptions;
  }

  /** When the watch broke, by the wall clock, and why. */
  broken(): Promise<{ at: number; error: FindingError }> {
    const { broken } = this.watch;
    return new Promise((resolve) => {
      const done = () => resolve({ at: Date.now(), error: broken.reason as FindingError });
      if (broken.aborted) done();
      else broken.addEventListener("abort", done, { once: true });
    });
  }

  async stampOf(task: string): Promise<number> {
    const inspected = await this.#swarm.docker.getTask(task).inspect() as { Status: { Timestamp: string } };
    return Date.parse(inspected.Status.Timestamp);
  }

  /** From the latest failure's Status.Timestamp to a moment, milliseconds. */
  async since(at: number): Promise<number> {
    return at - await this.stampOf(this.watch.report().failures.at(-1)?.task ?? "");
  }

  /** Kills the service's container, and waits until Swarm shows it. */
  async kill(name: string): Promise<void> {
    const before = this.watch.report().failures.length;
    const [container] = await this.#swarm.docker.listContainers({ filters: { label: [`com.docker.swarm.service.name=${this.stack}_${name}`] } });
    await this.#swarm.docker.getContainer(container?.Id ?? "").kill();
    await waitFor(async () => {
      const { length } = this.watch.report().failures;
      return length > before ? { done: true, value: undefined } : { done: false, saw: `${length} failures` };
    }, { what: "the failure to be seen", timeoutMs: 10_000, signal: this.#signal });
  }

  /** Ends the watch and removes the stack. @param gone false: tasks on a node that is away stay listed */
  async remove(gone = true): Promise<void> {
    this.removed = true;
    await this.watch.stop();
    const filters = { label: [`com.docker.stack.namespace=${this.stack}`] };
    for (const { ID } of await this.#swarm.docker.listServices({ filters })) await this.#swarm.docker.getService(ID).remove();
    if (!gone) return;
    await waitFor(async () => {
      const tasks = await this.#swarm.docker.listTasks({ filters });
      return tasks.length === 0 ? { done: true, value: undefined } : { done: false, saw: `${tasks.length} tasks` };
    }, { what: "the stack to be gone", timeoutMs: 30_000, signal: this.#signal });
  }
}
