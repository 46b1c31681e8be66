import type { ServicePlan } from "../plan.ts";

export interface Container {
  readonly id: string;
  readonly startedAt: number;
  alive: boolean;
  /** All that it needs was there, it is up or booting. */
  supplied: boolean;
  listeningAt: number | null;
  probesFailed: number;
  /** Told to end, and ending. */
  ending: boolean;
}

/** One Swarm task as the managers know it. */
export interface Task {
  readonly id: string;
  readonly service: Service;
  /** 0 for global services, and for the first of a job. */
  readonly slot: number;
  /** Which version of the service's spec. */
  readonly spec: 0 | 1;
  readonly createdAt: number;
  /** How often this slot tried this spec before. */
  readonly attempt: number;
  node: string | null;
  state: string;
  desired: string;
  stamp: number;
  message: string;
  error: string;
  exitCode: number;
  container: Container | null;
  /** Moves with each change. */
  index: number;
  /** What /tasks says of it; null: to be written again. */
  json: string | null;
}

export interface UpdateStatus {
  state: string;
  readonly startedAt: number;
  completedAt: number | null;
  message: string;
}

export interface Service {
  readonly plan: ServicePlan;
  readonly id: string;
  readonly createdAt: number;
  spec: 0 | 1;
  index: number;
  update: UpdateStatus | null;
  /** Its update was paused while old tasks ran: after that it failed, even if chance ends them later. */
  stuck: "no" | "for seconds" | "for long";
  /** The next container takes so much longer to come up: what was killed has to recover. */
  slower: number;
  /** Listed by the daemon, oldest first. */
  tasks: Task[];
  /** Failures and such of each slot: times of its restarts, and how often it tried a spec. */
  readonly restarts: Map<string, number[]>;
  readonly attempts: Map<string, number>;
  json: string | null;
}

/** Swarm's own place for a task: a slot number, or a node for global services. */
export const placeOf = (task: Task): string => (task.service.plan.mode === "global" ? `${task.node}` : String(task.slot));

const ends = new Set(["complete", "shutdown", "failed", "rejected"]);
export const hasEnded = (task: Task): boolean => ends.has(task.state);
/** Wanted, whether it is there already or waits for its turn. */
export const isWanted = (task: Task): boolean => task.desired === "running" || task.desired === "ready" || task.desired === "complete";
export const isLive = (task: Task): boolean => isWanted(task) && !hasEnded(task);
