import type Docker from "dockerode";
import { readFile } from "node:fs/promises";
import { bounded } from "../../swarm/bounded.ts";
import { lastLogs } from "../../swarm/logs.ts";
import type { Health } from "../types.ts";
import { readHealth, readNodes, readServices, TaskReader } from "./parse.ts";
import type { Poll } from "./seen.ts";

const logLines = 200;
const callMs = 5_000;
const logMs = 3_000;

/** What the watch asks of a daemon. Each call has a time limit. */
export interface Daemon {
  /** Milliseconds since the epoch by the daemon's clock. */
  time(): Promise<number>;
  /** @throws whatever is wrong with the answer: none in time, an error, garbage */
  poll(now: () => number, withNodes: boolean): Promise<Poll>;
  /** The last 200 lines a task wrote; none where they are gone. */
  log(task: string, container: string | null): Promise<string[]>;
  /** The health check that an image brings; null where this node can't say. */
  imageHealth(image: string): Promise<Health | null>;
  /** How many processes this machine's kernel has killed for memory; null where it does not count. */
  kernelKills(): Promise<number | null>;
}

export function dockerDaemon(docker: Docker, stack: string, signal: AbortSignal): Daemon {
  const reader = new TaskReader();
  // The label of `docker stack deploy`. Each call gets options of its own: dockerode changes them.
  const ask = <T>(what: string, call: (options: object) => Promise<T>, options: object = {}): Promise<T> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(callMs)]);
    return bounded(what, call({ ...options, abortSignal: limit }), callMs, signal);
  };
  const ofStack = () => ({ filters: { label: [`com.docker.stack.namespace=${stack}`] } });
  return {
    async time() {
      const info: unknown = await bounded("info", docker.info(), callMs, signal);
      const time = Date.parse((info as { SystemTime?: string }).SystemTime ?? "");
      if (Number.isNaN(time)) throw new TypeError("the daemon gives no time");
      return time;
    },
    async poll(now, withNodes) {
      const askedAt = now();
      const [tasks, services, nodes] = await Promise.all([
        ask("tasks", (options) => docker.listTasks(options), ofStack()),
        ask("services", (options) => docker.listServices(options as Docker.ServiceListOptions), { ...ofStack(), status: true }),
        withNodes ? ask("nodes", (options) => docker.listNodes(options as Docker.NodeListOptions)) : null,
      ]);
      return {
        askedAt,
        at: now(),
        tasks: reader.read(tasks),
        services: readServices(services, stack),
        nodes: nodes === null ? null : readNodes(nodes),
      };
    },
    async log(task, container) {
      const options = { tail: logLines, timeoutMs: logMs, signal };
      const here = container === null ? [] : await lastLogs(docker, { kind: "container", id: container }, options);
      // Not a container of this node, or one that wrote nothing: the managers relay logs of other nodes.
      const lines = here.length > 0 ? here : await lastLogs(docker, { kind: "task", id: task }, options);
      return lines.map(({ text }) => text);
    },
    async imageHealth(image) {
      const inspected: unknown = await bounded(`image ${image}`, docker.getImage(image).inspect(), callMs, signal);
      return readHealth((inspected as { Config?: { Healthcheck?: unknown } }).Config?.Healthcheck, "none");
    },
    async kernelKills() {
      const count = /^oom_kill (\d+)$/m.exec(await readFile("/proc/vmstat", "utf8").catch(() => ""))?.[1];
      return count === undefined ? null : Number(count);
    },
  };
}
