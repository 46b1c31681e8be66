import { newHistory } from "../../../harness/watch/history.ts";
import type { Failure } from "../../../harness/watch/policy/failures.ts";
import type { History, ServiceRecord, TaskRecord } from "../../../harness/watch/types.ts";

/** Single records, for tests of the policy's parts. Times are milliseconds. */

export const serviceRecord = (more: Partial<ServiceRecord> = {}): ServiceRecord => ({
  id: "app-id", name: "app", version: 1, spec: "v1", movedAt: 0, createdAt: 0, mode: "replicated", desired: 1, image: "app:1", update: null,
  restart: { condition: "any", delayMs: 5_000, delayGiven: false }, monitorMs: 5_000, memoryLimit: null, hostPorts: [], dependsOn: [], ...more,
});

export const taskRecord = (more: Partial<TaskRecord> = {}): TaskRecord => ({
  id: "t1", service: "app", serviceId: "app-id", slot: "1", node: "n1", createdAt: 0, spec: "v1", image: "app:1", health: { kind: "none", limitMs: null },
  state: "running", desired: "running", stateAt: 0, message: null, error: null, exitCode: null, container: "c1", startedAt: 0, runningAt: 0, endedAt: null,
  asked: false, gone: false, listeningAt: null, deafAt: null, oom: false, unhealthy: false, hostOutOfMemory: false, log: [], ...more,
});

export const failedTask = (endedAt: number, more: Partial<TaskRecord> = {}): TaskRecord =>
  taskRecord({ id: `t${endedAt}`, state: "failed", desired: "shutdown", exitCode: 1, error: "task: non-zero exit (1)", endedAt, ...more });

export const failure = (at: number, more: Partial<Failure> = {}): Failure => ({ task: failedTask(at), at, kind: "exit", lifeMs: 1_000, excusedBy: null, ...more });

export const historyWith = (more: Partial<History>): History => ({
  ...newHistory({ stack: "s", at: 0, dependencies: new Map(), missingImages: [] }), ...more,
});
