import { createHash } from "node:crypto";
import type Docker from "dockerode";
import { bounded } from "../../swarm/bounded.ts";
import { stackFilter } from "../../swarm/stack.ts";
import { fixed } from "../../watch/limits.ts";
import type { Result } from "../../../tiers/rpc/protocol.ts";

/** As tests get it: ServiceState of tiers/context.ts, unfrozen. */
type ServiceState = Result<"services">[number];

interface RawService {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Record<string, string>;
    readonly Mode?: { readonly Replicated?: { readonly Replicas?: number }; readonly Global?: object };
    readonly EndpointSpec?: unknown;
    readonly UpdateConfig?: unknown;
    readonly TaskTemplate?: { readonly ContainerSpec?: { readonly Image?: string; readonly Env?: readonly string[] }; readonly RestartPolicy?: { readonly Condition?: string; readonly Delay?: number } };
  };
  readonly UpdateStatus?: { readonly State?: string; readonly StartedAt?: string } | null;
}

interface RawTask {
  readonly ID: string;
  readonly ServiceID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Spec?: { readonly ContainerSpec?: { readonly Image?: string } };
  readonly Status: { readonly State: string; readonly Err?: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
}

const listMs = 10_000;

/**
 * A stack's services and every task that Swarm still knows of them, at one moment.
 * @throws EngineTimeout after 10 s
 */
export async function serviceStates(docker: Docker, stack: string): Promise<ServiceState[]> {
  const filters = stackFilter(stack);
  const [services, tasks] = (await bounded(`services and tasks of ${stack}`, Promise.all([docker.listServices({ filters }), docker.listTasks({ filters })]), listMs)) as unknown as [RawService[], RawTask[]];
  return services
    .map((service) => stateOf(service, tasks.filter((task) => task.ServiceID === service.ID), stack))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function stateOf(service: RawService, tasks: readonly RawTask[], stack: string): ServiceState {
  const { Spec, UpdateStatus } = service;
  const { Condition = "any", Delay = 0 } = Spec.TaskTemplate?.RestartPolicy ?? {};
  const replicated = Spec.Mode?.Replicated;
  return {
    name: Spec.Name.slice(stack.length + 1),
    specVersion: service.Version.Index,
    spec: fingerprint(Spec),
    image: Spec.TaskTemplate?.ContainerSpec?.Image ?? "",
    labels: Spec.Labels ?? {},
    desired: replicated ? (replicated.Replicas ?? 1) : new Set(tasks.filter((task) => task.DesiredState === "running").map((task) => task.NodeID)).size,
    oneShot: Condition === "none" || Condition === "on-failure" || Delay / 1e6 > fixed.scheduleDelayMs,
    update: UpdateStatus?.State ? { state: UpdateStatus.State, startedAt: UpdateStatus.StartedAt ?? "" } : null,
    tasks: tasks.map(taskOf),
  };
}

/** abra hands the .env file's keys to the app, the deployed commit among them: it changes with every deploy of whatever. */
const writtenEachTime = /^(?:TYPE|RECIPE)=/;

function fingerprint({ TaskTemplate = {}, Mode, EndpointSpec, UpdateConfig }: RawService["Spec"]): string {
  const { Image: _image, Env = [], ...container } = TaskTemplate.ContainerSpec ?? {};
  const env = Env.filter((line) => !writtenEachTime.test(line));
  const text = JSON.stringify([{ ...TaskTemplate, ContainerSpec: { ...container, env }, ForceUpdate: undefined }, Mode, EndpointSpec, UpdateConfig]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function taskOf(task: RawTask): ServiceState["tasks"][number] {
  return {
    id: task.ID,
    slot: String(task.Slot ?? task.NodeID ?? ""),
    state: task.Status.State,
    desired: task.DesiredState,
    image: task.Spec?.ContainerSpec?.Image ?? "",
    container: task.Status.ContainerStatus?.ContainerID || null,
    error: task.Status.Err || null,
  };
}
