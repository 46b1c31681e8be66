/** A made-up stack and what is to happen to it: all of it plain data, times in milliseconds. */

/** A span to pick from, both ends included. */
export type Span = readonly [least: number, most: number];

/** What becomes of one container, or of the try to start one. */
export type Fate =
  /** Runs for good, or does its work and ends where that is what it is for. */
  | { readonly kind: "runs" }
  | { readonly kind: "exits"; readonly life: Span; readonly code: number; readonly oom?: boolean }
  /** Stops to answer its health check some time after it came up; at 0 it never answers. */
  | { readonly kind: "sick"; readonly after: number }
  /** Never listens, never ends. */
  | { readonly kind: "hangs" }
  | { readonly kind: "refused"; readonly error: string }
  /** Fails in the moment of its start: the image can't run it. */
  | { readonly kind: "unstartable"; readonly error: string }
  | { readonly kind: "unplaced"; readonly error: string; readonly ms: number }
  | { readonly kind: "unaddressed"; readonly ms: number }
  /** Long in preparing: a pull, a network. */
  | { readonly kind: "slow"; readonly ms: number };

/** One version of what runs in a service's containers. */
export interface Version {
  /** From all that it needs being there to listening. */
  readonly bootMs: number;
  /** Without what it needs it dies this long after its start; null: it waits. */
  readonly diesWithoutMs: number | null;
  /** When something it needs goes away under it, it dies so much later; null: it bears it. */
  readonly diesOfLossMs: number | null;
  /** How long its work takes, where it is meant to end. */
  readonly workMs: number;
  /** Of the first tries in a slot, in order; then of all the later ones. */
  readonly first: readonly Fate[];
  readonly later: Fate;
  /** Slots that these are about; the others run. Null: all. */
  readonly slots: readonly number[] | null;
}

export interface HealthCheck {
  readonly intervalMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  /** Declared by the image instead of by compose: no task shows it. */
  readonly inImage: boolean;
}

export interface ServicePlan {
  readonly name: string;
  readonly mode: "replicated" | "global" | "job";
  readonly replicas: number;
  /** What it cannot do without. */
  readonly needs: readonly string[];
  /** What compose says that it needs; may say too much. */
  readonly declaredNeeds: readonly string[];
  /** Meant to end with success: once, or over and over with its restart delay. */
  readonly ends: "never" | "once" | "again";
  readonly health: HealthCheck | null;
  readonly restart: {
    readonly condition: "none" | "on-failure" | "any";
    /** Null: not given, Swarm takes 5 s. */
    readonly delayMs: number | null;
    readonly maxAttempts: number;
    readonly windowMs: number;
  };
  readonly update: {
    readonly parallelism: number;
    readonly delayMs: number;
    readonly monitorMs: number;
    readonly action: "pause" | "continue" | "rollback";
    readonly order: "stop-first" | "start-first";
  };
  readonly memoryLimit: number | null;
  readonly hostPort: number | null;
  /** How long it takes to end when told to, and how its task then looks. */
  readonly stopMs: number;
  readonly stopsAs: "shutdown" | "failed" | "complete";
  readonly versions: readonly [before: Version, after: Version];
}

export type Act =
  /** Services are created or updated one after the other. */
  | { readonly kind: "deploy"; readonly at: number; readonly appliedAt: number; readonly services: readonly { readonly name: string; readonly at: number }[]; readonly version: 0 | 1 }
  /** Containers of a service are killed; the next ones take longer to come up. */
  | { readonly kind: "kill"; readonly at: number; readonly service: string; readonly slot: number | null; readonly slowerMs: number };

/** What the build tells the watch. */
export interface Declared {
  readonly targets: readonly string[];
  readonly from: number;
  readonly until: number;
  /** When the build takes it back; null: it runs out. */
  readonly endedAt: number | null;
  readonly why: string;
}

export interface Scenario {
  readonly seed: number;
  /** What it is about, for the tally. */
  readonly kind: string;
  readonly services: readonly ServicePlan[];
  readonly acts: readonly Act[];
  readonly declared: readonly Declared[];
  readonly nodes: number;
  /** Ended tasks that Swarm keeps a slot, the live one included. */
  readonly retention: number;
  /** Images that a registry said do not exist. */
  readonly missingImages: readonly string[];
  /** Who watches can read sockets; where not, a service without a health check listens within 120 s. */
  readonly socketsReadable: boolean;
  /** The daemon gives no answer in these spans of time. */
  readonly silences: readonly { readonly from: number; readonly until: number }[];
  /** Events are seen from the first node only; false: none at all. */
  readonly events: boolean;
  /** Looks are taken each half second even where nothing can have changed. */
  readonly everyLook: boolean;
  /** Between two looks after an event: a busy engine takes longer to answer. */
  readonly hotMs: number;
  /** When truth is asked. */
  readonly end: number;
}
