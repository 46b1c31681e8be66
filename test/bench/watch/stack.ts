import type Docker from "dockerode";
import { Mask } from "../../../harness/base/mask.ts";
import { waitFor } from "../../../harness/base/wait.ts";
import { startWatch, type Watch, type WatchOptions } from "../../../harness/watch/watch.ts";

/** One service as a scenario wants it. */
export interface Plan {
  readonly image?: string;
  readonly script?: string;
  readonly env?: readonly string[];
  readonly restart?: "none" | "any";
  readonly health?: readonly string[];
}

const second = 1_000_000_000;
export const webImage = "nginx:1.27";
export const databaseImage = "postgres:15";

/** What the fixture recipe store-loop deploys, without an edge. */
export const storeLoop: Readonly<Record<string, Plan>> = {
  app: { health: ["CMD-SHELL", "test -s /run/nginx.pid"] },
  db: { image: databaseImage, env: ["POSTGRES_PASSWORD=not-a-secret"], health: ["CMD-SHELL", "pg_isready --host 127.0.0.1"] },
  store: { script: "sleep 1; echo 'store: its data folder is of a newer version' >&2; exit 1" },
};
export const storeDependencies = new Map([["app", ["db", "store"]]]);

/** A stack on a Swarm and its watch, from before the first service is created until all tasks are gone. */
export class Stack {
  readonly watch: Watch;
  readonly #docker: Docker;
  readonly #name: string;
  readonly #signal: AbortSignal;

  constructor(docker: Docker, name: string, signal: AbortSignal, options: Partial<WatchOptions> = {}) {
    this.#docker = docker;
    this.#name = name;
    this.#signal = signal;
    this.watch = startWatch({ docker, stack: name, dependencies: new Map(), missingImages: [], mask: new Mask(), signal, ...options });
  }

  /** @param node where all of it has to run, by its name in the Swarm */
  async deploy(plans: Readonly<Record<string, Plan>>, node: string): Promise<void> {
    await this.watch.beforeChange("deploy");
    for (const [name, plan] of Object.entries(plans)) await this.#docker.createService(specOf(this.#name, name, plan, node));
    this.watch.afterChange();
  }

  /** Resolves with the wall-clock time at which the watch had a verdict. */
  verdict(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const { broken } = this.watch;
    if (broken.aborted) resolve(Date.now());
    broken.addEventListener("abort", () => resolve(Date.now()), { once: true });
    return promise;
  }

  /** Status.Timestamp of a task, ms since the epoch. */
  async stampOf(task: string): Promise<number> {
    const { Status } = (await this.#docker.getTask(task).inspect()) as { Status: { Timestamp: string } };
    return Date.parse(Status.Timestamp);
  }

  /** When the first of its services was created, ms since the epoch. */
  async createdAt(): Promise<number> {
    const services = await this.#docker.listServices({ filters: this.#filters() });
    return Math.min(...services.map(({ CreatedAt }) => Date.parse(String(CreatedAt))));
  }

  async runningAt(): Promise<number> {
    const tasks = (await this.#docker.listTasks({ filters: this.#filters() })) as { Status: { State: string; Timestamp: string } }[];
    return Math.max(...tasks.filter(({ Status }) => Status.State === "running").map(({ Status }) => Date.parse(Status.Timestamp)));
  }

  async remove(): Promise<void> {
    await this.watch.stop();
    for (const { ID } of await this.#docker.listServices({ filters: this.#filters() })) await this.#docker.getService(ID).remove();
    await waitFor(async () => {
      const tasks = await this.#docker.listTasks({ filters: this.#filters() });
      return tasks.length === 0 ? { done: true, value: undefined } : { done: false, saw: `${tasks.length} tasks` };
    }, { what: `${this.#name} to be gone`, timeoutMs: 60_000, signal: this.#signal });
  }

  #filters(): { label: string[] } {
    return { label: [`com.docker.stack.namespace=${this.#name}`] };
  }
}

function specOf(stack: string, name: string, { image = webImage, script, env = [], restart = "any", health }: Plan, node: string): Docker.CreateServiceOptions {
  const labels = { "com.docker.stack.namespace": stack };
  return {
    Name: `${stack}_${name}`,
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Labels: labels,
        Env: env,
        StopGracePeriod: second,
        ...(script ? { Command: ["sh", "-c", script] } : {}),
        ...(health ? { Healthcheck: { Test: health, Interval: second, Timeout: 5 * second, Retries: 10, StartPeriod: 60 * second } } : {}),
      },
      RestartPolicy: { Condition: restart },
      Placement: { Constraints: [`node.hostname==${node}`] },
    },
    Mode: { Replicated: { Replicas: 1 } },
  } as unknown as Docker.CreateServiceOptions;
}
