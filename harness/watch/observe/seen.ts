import type { Health, ServiceRecord } from "../types.ts";

/** One answer of the daemon, reduced to what the history wants. Stamps are the daemon's, not yet believed. */
export interface SeenTask {
  readonly id: string;
  readonly serviceId: string;
  readonly slot: string;
  readonly node: string | null;
  readonly createdAt: number;
  readonly spec: string;
  readonly image: string;
  readonly health: Health;
  readonly state: string;
  readonly desired: string;
  readonly stateAt: number;
  readonly message: string | null;
  readonly error: string | null;
  readonly exitCode: number | null;
  readonly container: string | null;
}

export type SeenService = Omit<ServiceRecord, "movedAt" | "dependsOn">;

export interface SeenNode {
  readonly id: string;
  readonly name: string;
  /** Up and taking tasks. */
  readonly ready: boolean;
}

/** One poll that the daemon answered in full. */
export interface Poll {
  /** When it was asked, and when it had answered, on the watch's timeline. */
  readonly askedAt: number;
  readonly at: number;
  readonly tasks: readonly SeenTask[];
  readonly services: readonly SeenService[];
  /** Null where this poll did not ask. */
  readonly nodes: readonly SeenNode[] | null;
}
