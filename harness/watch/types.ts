import type { Reason } from "../base/errors.ts";

/** One Swarm task as polling saw it last, with what was learned on the way. Times are milliseconds on the daemon's clock. */
export interface TaskRecord {
  readonly id: string;
  readonly service: string;
  /** Slot number for replicated services, node id for global ones. */
  readonly slot: string;
  readonly node: string | null;
  readonly createdAt: number;
  readonly specVersion: number;
  readonly state: string;
  readonly desired: string;
  readonly stateAt: number;
  readonly error: string | null;
  readonly exitCode: number | null;
  readonly container: string | null;
  readonly image: string;
  readonly hasHealthcheck: boolean;
  /** First seen running, daemon clock; null if never. */
  readonly runningAt: number | null;
  /** Last log lines, saved at the first sight of a failure. */
  readonly log: readonly string[];
}

export interface ServiceRecord {
  readonly name: string;
  readonly id: string;
  readonly specVersion: number;
  readonly desired: number;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly update: { readonly state: string; readonly startedAt: number; readonly message: string } | null;
  readonly restart: { readonly condition: "none" | "on-failure" | "any"; readonly maxAttempts: number | null; readonly delayMs: number };
  readonly dependsOn: readonly string[];
  readonly monitorMs: number;
}

/** All that is known since the watch began; plain data. */
export interface History {
  readonly stack: string;
  readonly services: readonly ServiceRecord[];
  readonly tasks: readonly TaskRecord[];
  /** When the current change (deploy, upgrade) began, daemon clock. */
  readonly changedAt: number;
  /** Images whose registry explicitly said that they do not exist. */
  readonly missingImages: readonly string[];
}

export type Judgement =
  | { readonly kind: "waiting"; readonly line: string }
  | { readonly kind: "settled" | "converged"; readonly line: string }
  | { readonly kind: "failed" | "infra" | "harness-limit"; readonly reason: Reason; readonly at: number };
