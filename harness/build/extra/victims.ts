import { humanDuration } from "../../base/clock.ts";
import type { Swarm } from "../../swarm/types.ts";
import { bounded, statusOf } from "../../swarm/bounded.ts";
import { stackFilter } from "../../swarm/stack.ts";
import { defaultRestartDelayMs, readHealth } from "../../watch/observe/parse.ts";

const callMs = 10_000;
/** What comes back later than this does so when it is due, not because it is missed, milliseconds. */
const mostDelayMs = 60_000;

/** A service and what is to be known of it to kill it, at one moment. */
export interface Victim {
  readonly service: string;
  /** Containers of its running tasks on the engine that is asked. */
  readonly here: readonly string[];
  /** How many more run on other nodes. */
  readonly elsewhere: number;
  /** Why there is nothing to kill; null where there is. */
  readonly spared: string | null;
  /** What Swarm waits before it starts another one, milliseconds. */
  readonly delayMs: number;
  /** How long a new container may take until Swarm calls it unhealthy, milliseconds; null where nobody checks. */
  readonly healthMs: number | null;
}

interface RawService {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Mode?: { readonly ReplicatedJob?: object; readonly GlobalJob?: object };
    readonly TaskTemplate?: { readonly RestartPolicy?: { readonly Condition?: string; readonly Delay?: number } };
  };
}

interface RawTask {
  readonly ServiceID: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
}

/** A stack's services as they are now, by name. @throws EngineTimeout, or the engine's error */
export async function victimsOf({ docker }: Pick<Swarm, "docker">, stack: string): Promise<Map<string, Victim>> {
  const filters = stackFilter(stack);
  const [services, tasks] = (await bounded(`services and tasks of ${stack}`, Promise.all([docker.listServices({ filters }), docker.listTasks({ filters: { ...filters, "desired-state": ["running"] } })]), callMs)) as unknown as [RawService[], RawTask[]];
  const victims = services.map(async (service) => {
    const running = tasks.filter(({ ServiceID, Status }) => ServiceID === service.ID && Status.State === "running");
    const containers = running.flatMap(({ Status }) => Status.ContainerStatus?.ContainerID ?? []);
    return victim(service, stack, await Promise.all(containers.map((id) => healthHere(docker, id))));
  });
  return new Map((await Promise.all(victims)).map((one) => [one.service, one]));
}

interface Seen {
  readonly id: string;
  /** Undefined: it is not on this engine. */
  readonly healthMs: number | null | undefined;
}

function victim({ Spec }: RawService, stack: string, seen: readonly Seen[]): Victim {
  const here = seen.filter(({ healthMs }) => healthMs !== undefined);
  const { Condition = "any", Delay = defaultRestartDelayMs * 1e6 } = Spec.TaskTemplate?.RestartPolicy ?? {};
  const delayMs = Delay / 1e6;
  return {
    service: Spec.Name.slice(stack.length + 1),
    here: here.map(({ id }) => id),
    elsewhere: seen.length - here.length,
    spared: whySpared(Spec, { condition: Condition, delayMs, running: seen.length }),
    delayMs,
    healthMs: here[0]?.healthMs ?? null,
  };
}

function whySpared({ Mode }: RawService["Spec"], { condition, delayMs, running }: { readonly condition: string; readonly delayMs: number; readonly running: number }): string | null {
  if (Mode?.ReplicatedJob || Mode?.GlobalJob) return "a job";
  if (running === 0) return "nothing of it runs";
  if (condition === "none") return "its restart policy wants nothing back";
  return delayMs > mostDelayMs ? `it comes back by a schedule, after ${humanDuration(delayMs)}` : null;
}

/** A container's health check, its image's included. */
async function healthHere(docker: Swarm["docker"], id: string): Promise<Seen> {
  try {
    const { Config } = await bounded(`container ${id}`, docker.getContainer(id).inspect(), callMs);
    return { id, healthMs: readHealth(Config.Healthcheck, "none").limitMs };
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    return { id, healthMs: undefined };
  }
}
