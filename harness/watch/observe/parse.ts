import { createHash } from "node:crypto";
import { z } from "zod";
import type { Health } from "../types.ts";
import type { SeenNode, SeenService, SeenTask } from "./seen.ts";

/**
 * Docker's answers, read leniently: unknown fields are ignored, missing ones get Swarm's defaults. Only an entry that
 * can't be told apart from others makes the answer garbage: leaving it out would look as if Swarm had removed it.
 */

/**
 * What Swarm waits before it starts a task anew where the restart policy gives no delay, milliseconds: 5 s, by swarmkit's
 * api/defaults/service.go. The engine shows such a policy without one.
 */
export const defaultRestartDelayMs = 5_000;

const text = z.string().catch("");
const count = z.number().catch(0);
const stamp = z.string().transform((value) => Date.parse(value)).pipe(z.number());
const optionalStamp = stamp.nullable().catch(null);

const healthcheck = z
  .looseObject({ Test: z.array(z.string()).nullish().catch(null), Interval: count, Timeout: count, StartPeriod: count, Retries: count })
  .nullish()
  .catch(null);

const taskSpec = z.looseObject({
  ContainerSpec: z.looseObject({ Image: text, Healthcheck: healthcheck }).nullish().catch(null),
  Resources: z.looseObject({ Limits: z.looseObject({ MemoryBytes: count }).nullish().catch(null) }).nullish().catch(null),
  RestartPolicy: z
    .looseObject({ Condition: z.enum(["none", "on-failure", "any"]).catch("any"), Delay: z.number().nullish().catch(null) })
    .nullish()
    .catch(null),
});

const task = z.looseObject({
  ID: z.string().min(1),
  CreatedAt: stamp,
  ServiceID: z.string().min(1),
  Slot: count,
  NodeID: text,
  Spec: z.unknown(),
  DesiredState: z.string().min(1),
  Status: z.looseObject({
    Timestamp: stamp,
    State: z.string().min(1),
    Message: text,
    Err: text,
    ContainerStatus: z.looseObject({ ContainerID: text, ExitCode: z.number().nullish().catch(null) }).nullish().catch(null),
  }),
});

const service = z.looseObject({
  ID: z.string().min(1),
  Version: z.looseObject({ Index: z.number() }),
  CreatedAt: stamp,
  Spec: z.looseObject({
    Name: z.string().min(1),
    TaskTemplate: z.unknown(),
    Mode: z.looseObject({
      Replicated: z.looseObject({ Replicas: count }).nullish(),
      ReplicatedJob: z.looseObject({ TotalCompletions: count }).nullish(),
      GlobalJob: z.unknown().optional(),
    }),
    UpdateConfig: z.looseObject({ Monitor: z.number().nullish().catch(null) }).nullish().catch(null),
    EndpointSpec: z
      .looseObject({ Ports: z.array(z.looseObject({ PublishMode: text, PublishedPort: count })).nullish().catch(null) })
      .nullish()
      .catch(null),
  }),
  ServiceStatus: z.looseObject({ DesiredTasks: count, CompletedTasks: count }).nullish().catch(null),
  UpdateStatus: z.looseObject({ State: text, StartedAt: text, CompletedAt: optionalStamp, Message: text }).nullish().catch(null),
});

const node = z.looseObject({
  ID: z.string().min(1),
  Description: z.looseObject({ Hostname: text }).nullish().catch(null),
  Spec: z.looseObject({ Availability: z.string().catch("active") }).nullish().catch(null),
  Status: z.looseObject({ State: z.string().catch("ready") }).nullish().catch(null),
});

interface ReadSpec {
  readonly spec: string;
  readonly image: string;
  readonly health: Health;
  readonly memoryLimit: number | null;
  readonly restart: SeenService["restart"];
}

interface KnownTask {
  readonly version: number | null;
  readonly spec: ReadSpec;
  readonly seen: SeenTask;
}

/** Reads lists of tasks. A task whose version did not move is not read again, and a task's spec is read once. */
export class TaskReader {
  readonly #mask: (text: string) => string;
  #known = new Map<string, KnownTask>();

  /** @param mask for what Swarm says about a task: an error may quote the command line */
  constructor(mask: (text: string) => string) {
    this.#mask = mask;
  }

  /**
   * @returns the very same object for a task that has not changed
   * @throws ZodError where the answer is no list of tasks
   */
  read(answer: unknown): SeenTask[] {
    const listed = new Map<string, KnownTask>();
    for (const entry of z.array(z.unknown()).parse(answer)) {
      const { id, version } = identityOf(entry);
      const known = id === null ? undefined : this.#known.get(id);
      if (id !== null && known && version !== null && known.version === version) listed.set(id, known);
      else {
        const raw = task.parse(entry);
        const spec = known?.spec ?? readTaskSpec(raw.Spec);
        listed.set(raw.ID, { version, spec, seen: this.#seen(raw, spec) });
      }
    }
    this.#known = listed;
    return [...listed.values()].map(({ seen }) => seen);
  }

  #seen(raw: z.infer<typeof task>, spec: ReadSpec): SeenTask {
    const { Status: status } = raw;
    return {
      id: raw.ID,
      serviceId: raw.ServiceID,
      slot: raw.Slot > 0 ? String(raw.Slot) : raw.NodeID || "none",
      node: raw.NodeID || null,
      createdAt: raw.CreatedAt,
      spec: spec.spec,
      image: spec.image,
      health: spec.health,
      state: status.State,
      desired: raw.DesiredState,
      stateAt: status.Timestamp,
      message: this.#mask(status.Message) || null,
      error: this.#mask(status.Err) || null,
      exitCode: status.ContainerStatus?.ExitCode ?? null,
      container: status.ContainerStatus?.ContainerID || null,
    };
  }
}

/** What tells whether an entry is one that was read before, without reading it. */
function identityOf(entry: unknown): { id: string | null; version: number | null } {
  const { ID: id, Version: version } = (entry ?? {}) as { ID?: unknown; Version?: { Index?: unknown } | null };
  const index = version?.Index;
  return { id: typeof id === "string" ? id : null, version: typeof index === "number" ? index : null };
}

/** Reads lists of services. The spec of a service whose version did not move is not read again. */
export class ServiceReader {
  readonly #stack: string;
  #specs = new Map<string, ReadSpec>();

  constructor(stack: string) {
    this.#stack = stack;
  }

  /** @throws ZodError where the answer is no list of services */
  read(answer: unknown): SeenService[] {
    const specs = new Map<string, ReadSpec>();
    const seen = z.array(service).parse(answer).map((raw) => {
      const key = `${raw.ID} ${raw.Version.Index}`;
      const spec = this.#specs.get(key) ?? readTaskSpec(raw.Spec.TaskTemplate);
      specs.set(key, spec);
      return seenService(raw, spec, this.#stack);
    });
    this.#specs = specs;
    return seen;
  }
}

function seenService(raw: z.infer<typeof service>, { spec, image, memoryLimit, restart }: ReadSpec, stack: string): SeenService {
  const { Mode: mode, UpdateConfig: update, EndpointSpec: endpoint, Name: name } = raw.Spec;
  const kind = mode.ReplicatedJob ? "job" as const : mode.GlobalJob ? "global-job" as const : mode.Replicated ? "replicated" as const : "global" as const;
  return {
    id: raw.ID,
    name: name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name,
    version: raw.Version.Index,
    spec,
    createdAt: raw.CreatedAt,
    mode: kind,
    desired: mode.Replicated ? mode.Replicated.Replicas : mode.ReplicatedJob ? mode.ReplicatedJob.TotalCompletions : (raw.ServiceStatus?.DesiredTasks ?? 0),
    image,
    update: raw.UpdateStatus?.State
      ? { state: raw.UpdateStatus.State, startedAt: raw.UpdateStatus.StartedAt, completedAt: raw.UpdateStatus.CompletedAt, message: raw.UpdateStatus.Message }
      : null,
    restart,
    monitorMs: update?.Monitor ? update.Monitor / 1e6 : 5_000,
    memoryLimit,
    hostPorts: (endpoint?.Ports ?? []).filter((port) => port.PublishMode === "host").map((port) => port.PublishedPort),
  };
}

/** @throws ZodError where the answer is no list of nodes */
export function readNodes(answer: unknown): SeenNode[] {
  return z.array(node).parse(answer).map((raw) => ({
    id: raw.ID,
    name: raw.Description?.Hostname || raw.ID,
    ready: raw.Status?.State !== "down" && raw.Spec?.Availability !== "drain",
  }));
}

/** A health check as an image or a container spec declares it. */
export function readHealth(answer: unknown, whenAbsent: "none" | "unknown"): Health {
  const check = healthcheck.parse(answer);
  const test = check?.Test?.[0];
  if (test === "NONE") return { kind: "none", limitMs: null };
  if (!check || !test) return { kind: whenAbsent, limitMs: null };
  const second = 1_000_000_000;
  const interval = check.Interval || 30 * second;
  const timeout = check.Timeout || 30 * second;
  return { kind: "checked", limitMs: (check.StartPeriod + (check.Retries || 3) * (interval + timeout)) / 1e6 };
}

function readTaskSpec(answer: unknown): ReadSpec {
  const spec = taskSpec.catch({}).parse(answer);
  const policy = spec.RestartPolicy;
  return {
    spec: fingerprint(answer),
    image: spec.ContainerSpec?.Image ?? "",
    health: readHealth(spec.ContainerSpec?.Healthcheck, "unknown"),
    memoryLimit: spec.Resources?.Limits?.MemoryBytes || null,
    restart: {
      condition: policy?.Condition ?? "any",
      delayMs: policy?.Delay == null ? defaultRestartDelayMs : policy.Delay / 1e6,
      delayGiven: policy?.Delay != null,
    },
  };
}

/**
 * Placement is left out: Swarm keeps a task whose node still fits when only placement changes. Runtime too: the engine
 * shows it for services and not for tasks.
 */
function fingerprint(spec: unknown): string {
  const plain = typeof spec === "object" && spec !== null ? { ...spec, Placement: undefined, Runtime: undefined } : spec;
  return createHash("sha256").update(JSON.stringify(sorted(plain)) ?? "").digest("hex").slice(0, 12);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}
