import type { HealthCheck } from "../plan.ts";
import type { Service, Task } from "./task.ts";

/** The engine's own words: what /tasks, /services, /nodes and /events say. */

const ns = (ms: number): number => ms * 1_000_000;
const iso = (ms: number): string => new Date(ms).toISOString().replace("Z", "123456Z");

export function tasksBody(services: Iterable<Service>): Buffer {
  const tasks = [...services].flatMap((service) => service.tasks.map((task) => (task.json ??= JSON.stringify(rawTask(task)))));
  return Buffer.from(`[${tasks.join(",")}]`);
}

export function servicesBody(services: Iterable<Service>): Buffer {
  return Buffer.from(`[${[...services].map((service) => {
    // The count of a global service moves with its tasks.
    if (service.plan.mode === "global") service.json = null;
    return (service.json ??= JSON.stringify(rawService(service)));
  }).join(",")}]`);
}

export function nodesBody(nodes: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(nodes.map((id) => ({
    ID: id, Version: { Index: 9 }, Spec: { Role: "manager", Availability: "active" }, Description: { Hostname: id.slice(0, 5) }, Status: { State: "ready", Addr: "127.0.0.1" },
  }))));
}

export function eventLine(type: string, action: string, id: string, attributes: Readonly<Record<string, string>>, at: number): string {
  return `${JSON.stringify({ Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: type === "service" ? "swarm" : "local", time: Math.floor(at / 1000), timeNano: ns(at) })}\n`;
}

function rawTask(task: Task): object {
  const { service } = task;
  const started = task.container !== null;
  return {
    ID: task.id,
    Version: { Index: task.index },
    CreatedAt: iso(task.createdAt),
    UpdatedAt: iso(task.stamp),
    Labels: {},
    Spec: rawSpec(service, task.spec),
    ServiceID: service.id,
    // What is 0 is left out.
    ...(task.slot === 0 ? {} : { Slot: task.slot }),
    ...(task.node === null ? {} : { NodeID: task.node }),
    Status: {
      Timestamp: iso(task.stamp),
      State: task.state,
      Message: task.message,
      ...(task.error ? { Err: task.error } : {}),
      ...(started ? { ContainerStatus: { ContainerID: task.container?.id, PID: 4711, ExitCode: task.exitCode } } : {}),
      PortStatus: {},
    },
    DesiredState: task.desired,
  };
}

function rawSpec({ plan }: Service, spec: 0 | 1): object {
  const { restart, health } = plan;
  return {
    ContainerSpec: {
      Image: imageOf(plan.name, spec),
      Labels: { "com.docker.stack.namespace": "sim" },
      Env: [`VERSION=${spec}`],
      ...(health && !health.inImage ? { Healthcheck: rawHealth(health) } : {}),
    },
    Resources: plan.memoryLimit === null ? {} : { Limits: { MemoryBytes: plan.memoryLimit } },
    RestartPolicy: {
      Condition: restart.condition,
      ...(restart.delayMs === null ? {} : { Delay: ns(restart.delayMs) }),
      MaxAttempts: restart.maxAttempts,
      ...(restart.windowMs > 0 ? { Window: ns(restart.windowMs) } : {}),
    },
    Placement: {},
    ForceUpdate: 0,
  };
}

export const imageOf = (name: string, spec: 0 | 1): string => `${name}:${spec + 1}.0`;

export function rawHealth({ intervalMs, retries, startPeriodMs }: HealthCheck): object {
  return { Test: ["CMD-SHELL", "check"], Interval: ns(intervalMs), Timeout: ns(5_000), StartPeriod: ns(startPeriodMs), Retries: retries };
}

function rawService(service: Service): object {
  const { plan, update } = service;
  const wanted = service.tasks.filter((task) => task.desired === "running").length;
  return {
    ID: service.id,
    Version: { Index: service.index },
    CreatedAt: iso(service.createdAt),
    UpdatedAt: iso(service.createdAt),
    Spec: {
      Name: `sim_${plan.name}`,
      Labels: { "com.docker.stack.namespace": "sim" },
      TaskTemplate: { ...rawSpec(service, service.spec), Runtime: "container" },
      Mode: plan.mode === "global" ? { Global: {} } : plan.mode === "job" ? { ReplicatedJob: { MaxConcurrent: plan.replicas, TotalCompletions: plan.replicas } } : { Replicated: { Replicas: plan.replicas } },
      UpdateConfig: { Parallelism: plan.update.parallelism, Delay: ns(plan.update.delayMs), FailureAction: plan.update.action, Monitor: ns(plan.update.monitorMs), MaxFailureRatio: 0, Order: plan.update.order },
      EndpointSpec: { Mode: "dnsrr", Ports: plan.hostPort === null ? [] : [{ Protocol: "tcp", TargetPort: 80, PublishedPort: plan.hostPort, PublishMode: "host" }] },
    },
    ServiceStatus: {
      RunningTasks: service.tasks.filter(({ state }) => state === "running").length,
      // For global services Docker counts what is to run right now.
      DesiredTasks: plan.mode === "global" ? wanted : plan.replicas,
      CompletedTasks: 0,
    },
    ...(update ? { UpdateStatus: { State: update.state, StartedAt: iso(update.startedAt), ...(update.completedAt === null ? {} : { CompletedAt: iso(update.completedAt) }), Message: update.message } } : {}),
  };
}
