import type { Cluster } from "./cluster.ts";
import type { Pipeline } from "./pipeline.ts";
import { hasEnded, isLive, placeOf, type Service, type Task } from "./task.ts";

/** Keeps each slot of each service filled, as its restart policy permits. */
export class Orchestrator {
  readonly #cluster: Cluster;
  readonly #pipeline: Pipeline;

  constructor(cluster: Cluster, pipeline: Pipeline) {
    this.#cluster = cluster;
    this.#pipeline = pipeline;
    cluster.watchers.push((task) => this.#seen(task));
  }

  /** Fills all slots of a new service. */
  begin(service: Service): void {
    const { plan } = service;
    if (plan.mode === "global") for (const node of this.#cluster.nodes) this.start(service, 0, node);
    // Slots of jobs count from 0, those of services from 1.
    else for (let index = 0; index < plan.replicas; index++) this.start(service, plan.mode === "job" ? index : index + 1, null);
  }

  /** Slots in which nothing is left to run, after the spec changed: a one-shot runs once more. */
  refill(service: Service): void {
    for (const tasks of Map.groupBy(service.tasks, placeOf).values()) {
      const last = tasks.at(-1);
      if (!last || tasks.some(isLive)) continue;
      // Swarm deletes the dead ones of a slot that it fills anew.
      service.tasks = service.tasks.filter((task) => !tasks.includes(task));
      this.start(service, last.slot, service.plan.mode === "global" ? last.node : null);
    }
  }

  start(service: Service, slot: number, node: string | null): void {
    this.#pipeline.go(this.#pipeline.create(service, slot, node));
  }

  /** The next task of a slot: it waits, and Swarm forgets the oldest. */
  successor(task: Task): Task {
    const next = this.#pipeline.create(task.service, task.slot, task.service.plan.mode === "global" ? task.node : null);
    this.#cluster.agenda.after(this.#cluster.random.int(50, 250), () => this.#forget(task));
    return next;
  }

  #seen(task: Task): void {
    if (hasEnded(task) && task.desired !== "shutdown") this.#cluster.agenda.after(this.#cluster.random.int(2, 20), () => this.#replace(task));
  }

  #replace(task: Task): void {
    const { service } = task;
    const { restart } = service.plan;
    if (task.desired === "shutdown") return;
    const done = task.state === "complete" && (restart.condition !== "any" || service.plan.mode === "job");
    if (done && service.plan.mode === "job") return;
    task.desired = "shutdown";
    this.#cluster.touch(task);
    if (done || restart.condition === "none" || !this.#mayRetry(task)) return;
    const next = this.successor(task);
    this.#cluster.agenda.after(restart.delayMs ?? 5_000, () => this.#pipeline.go(next));
  }

  #mayRetry({ service, spec, ...task }: Task): boolean {
    const { maxAttempts, windowMs } = service.plan.restart;
    if (maxAttempts === 0) return true;
    const key = `${service.plan.mode === "global" ? task.node : task.slot} ${spec}`;
    const { now } = this.#cluster;
    const recent = (service.restarts.get(key) ?? []).filter((at) => windowMs === 0 || now - at < windowMs);
    if (recent.length >= maxAttempts) return false;
    service.restarts.set(key, [...recent, now]);
    return true;
  }

  #forget(task: Task): void {
    const { service } = task;
    const inSlot = service.tasks.filter((other) => placeOf(other) === placeOf(task));
    const kept = Math.max(this.#cluster.scenario.retention, service.plan.restart.maxAttempts + 1);
    const drop = new Set(inSlot.filter(hasEnded).slice(0, Math.max(0, inSlot.length - kept)));
    if (drop.size === 0) return;
    service.tasks = service.tasks.filter((other) => !drop.has(other));
    this.#cluster.revision++;
  }
}
