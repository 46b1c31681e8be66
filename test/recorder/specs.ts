/** A service of a plot, and how the engine wants to hear of it. Times are seconds. */

export interface Service {
  /** Run by sh. */
  readonly script?: string;
  /** Instead of a script. */
  readonly command?: readonly string[];
  readonly image?: string;
  readonly replicas?: number;
  readonly global?: boolean;
  readonly job?: { readonly completions: number; readonly atOnce: number };
  /** What its environment names as a host is a dependency, as in compose. */
  readonly env?: Readonly<Record<string, string>>;
  readonly needs?: readonly string[];
  readonly restart?: { readonly condition?: "none" | "on-failure" | "any"; readonly delay?: number; readonly attempts?: number; readonly window?: number };
  readonly health?: { readonly test: string; readonly every: number; readonly retries: number };
  readonly limitMiB?: number;
  readonly reserveMiB?: number;
  readonly hostPort?: number;
  readonly update?: { readonly order?: "start-first" | "stop-first"; readonly action?: "pause" | "continue" | "rollback"; readonly monitor?: number; /** Between two slots. */ readonly delay?: number };
  readonly constraints?: readonly string[];
  readonly mostOnNode?: number;
  /** Name of a network made by the plot. */
  readonly network?: string;
  readonly bind?: string;
  /** Driver of a volume of its own. */
  readonly driver?: string;
  /** Between TERM and KILL; 1 by default. */
  readonly grace?: number;
}

const second = 1_000_000_000;
const mebibyte = 1024 ** 2;
const standard = "nginx:1.27";
const given = <T extends object>(what: boolean, fields: T): Partial<T> => (what ? fields : {});

/** What `POST /services/create` takes. */
export function specOf(stack: string, name: string, s: Service): object {
  const labels = { "com.docker.stack.namespace": stack };
  return {
    Name: `${stack}_${name}`,
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {
        Image: s.image ?? standard,
        Labels: labels,
        Command: s.command ?? ["sh", "-c", s.script ?? "exec sleep infinity"],
        Env: Object.entries(s.env ?? {}).map(([key, value]) => `${key}=${value}`),
        StopGracePeriod: (s.grace ?? 1) * second,
        Mounts: [
          { Type: "volume", Source: `${stack}_shared`, Target: "/shared" },
          ...(s.driver ? [{ Type: "volume", Source: `${stack}_own`, Target: "/own", VolumeOptions: { DriverConfig: { Name: s.driver } } }] : []),
          ...(s.bind ? [{ Type: "bind", Source: s.bind, Target: "/data" }] : []),
        ],
        ...given(s.health !== undefined, {
          Healthcheck: { Test: ["CMD-SHELL", s.health?.test], Interval: (s.health?.every ?? 0) * second, Timeout: 5 * second, Retries: s.health?.retries },
        }),
      },
      Resources: {
        ...given(s.limitMiB !== undefined, { Limits: { MemoryBytes: (s.limitMiB ?? 0) * mebibyte } }),
        ...given(s.reserveMiB !== undefined, { Reservations: { MemoryBytes: (s.reserveMiB ?? 0) * mebibyte } }),
      },
      RestartPolicy: restartOf(s),
      Placement: { Constraints: s.constraints ?? [], MaxReplicas: s.mostOnNode ?? 0 },
      ...given(s.network !== undefined, { Networks: [{ Target: `${stack}_${s.network}` }] }),
    },
    Mode: modeOf(s),
    ...given(s.job === undefined, { UpdateConfig: updateOf(s) }),
    EndpointSpec: {
      Mode: s.network === undefined ? "vip" : "dnsrr",
      ...given(s.hostPort !== undefined, { Mode: "dnsrr", Ports: [{ Protocol: "tcp", PublishMode: "host", TargetPort: 80, PublishedPort: s.hostPort }] }),
    },
  };
}

function modeOf({ global, job, replicas }: Service): object {
  if (job) return { ReplicatedJob: { MaxConcurrent: job.atOnce, TotalCompletions: job.completions } };
  return global ? { Global: {} } : { Replicated: { Replicas: replicas ?? 1 } };
}

function restartOf({ restart = {} }: Service): object {
  return {
    ...given(restart.condition !== undefined, { Condition: restart.condition }),
    ...given(restart.delay !== undefined, { Delay: (restart.delay ?? 0) * second }),
    ...given(restart.attempts !== undefined, { MaxAttempts: restart.attempts }),
    ...given(restart.window !== undefined, { Window: (restart.window ?? 0) * second }),
  };
}

function updateOf({ update = {} }: Service): object {
  return {
    Parallelism: 1,
    ...given(update.order !== undefined, { Order: update.order }),
    ...given(update.action !== undefined, { FailureAction: update.action }),
    ...given(update.delay !== undefined, { Delay: (update.delay ?? 0) * second }),
    ...given(update.monitor !== undefined, { Monitor: (update.monitor ?? 0) * second }),
  };
}
