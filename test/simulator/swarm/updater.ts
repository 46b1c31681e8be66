import type { Cluster } from "./cluster.ts";
import type { Orchestrator } from "./orchestrator.ts";
import type { Pipeline } from "./pipeline.ts";
import { hasEnded, isLive, placeOf, type Service, type Task } from "./task.ts";

/** Swarm starts an update some moments after it has accepted it. */
const acceptMs = [20, 200] as const;
/** The outgoing task may seem wanted for some time yet. */
const lingerMs = 1_500;

/** One update (or rollback) of one service, slot by slot. */
export class Updater {
  readonly #cluster: Cluster;
  readonly #orchestrator: Orchestrator;
  readonly #pipeline: Pipeline;
  readonly #service: Service;
  readonly #back: boolean;
  /** Tasks that this update made: null until they have run (or failed). */
  readonly #made = new Map<Task, number | null>();
  readonly #failed = new Set<Task>();
  readonly #waiting = new Map<Task, { readonly old: readonly Task[]; readonly done: () => void }>();
  #queue: Task[][] = [];
  #workers = 0;
  #stopped = false;

  constructor(cluster: Cluster, orchestrator: Orchestrator, pipeline: Pipeline, service: Service, back = false) {
    this.#cluster = cluster;
    this.#orchestrator = orchestrator;
    this.#pipeline = pipeline;
    this.#service = service;
    this.#back = back;
    cluster.watchers.push((task) => this.#seen(task));
  }

  /** The new spec is accepted. */
  run(spec: 0 | 1): void {
    this.#service.spec = spec;
    this.#service.update = this.#back ? { state: "rollback_started", startedAt: this.#cluster.now, completedAt: null, message: "rollback in progress" } : null;
    this.#cluster.touchService(this.#service);
    this.#cluster.emit("service", "update", this.#service.id, { name: `${this.#cluster.stack}_${this.#service.plan.name}` });
    this.#cluster.agenda.after(this.#cluster.random.int(...acceptMs), () => this.#begin());
  }

  #begin(): void {
    const slots = [...Map.groupBy(this.#service.tasks.filter(isLive), placeOf).values()];
    this.#queue = slots.filter((tasks) => tasks.some((task) => task.spec !== this.#service.spec));
    this.#orchestrator.refill(this.#service);
    if (this.#queue.length === 0) {
      if (this.#back) this.#status("rollback_completed", "rollback completed");
      return;
    }
    if (!this.#back) {
      this.#service.update = { state: "updating", startedAt: this.#cluster.now, completedAt: null, message: "update in progress" };
      this.#cluster.touchService(this.#service);
    }
    const { parallelism } = this.#service.plan.update;
    const workers = parallelism === 0 ? this.#queue.length : Math.min(parallelism, this.#queue.length);
    for (let worker = 0; worker < workers; worker++) {
      this.#workers++;
      this.#next();
    }
  }

  #next(): void {
    const slot = this.#stopped ? undefined : this.#queue.shift();
    if (!slot) {
      if (--this.#workers === 0 && !this.#stopped) this.#cluster.agenda.after(this.#service.plan.update.monitorMs, () => this.#finish());
      return;
    }
    const place = placeOf(slot[0] as Task);
    const live = this.#service.tasks.filter((task) => placeOf(task) === place && isLive(task));
    const there = live.find((task) => task.spec === this.#service.spec);
    const old = live.filter((task) => task !== there && task.spec !== this.#service.spec);
    if (there || old.length === 0) {
      for (const task of old) this.#pipeline.stop(task);
      if (old.length === 0 && !there) this.#orchestrator.refill(this.#service);
      return this.#next();
    }
    this.#replace(old);
  }

  #replace(old: readonly Task[]): void {
    const { agenda, random } = this.#cluster;
    const fresh = this.#orchestrator.successor(old[0] as Task);
    this.#made.set(fresh, null);
    this.#waiting.set(fresh, { old, done: () => agenda.after(this.#service.plan.update.delayMs, () => this.#next()) });
    if (this.#service.plan.update.order === "start-first") return agenda.after(random.int(2, 20), () => this.#pipeline.go(fresh));
    agenda.after(random.chance(0.2) ? random.int(0, lingerMs) : 0, () => {
      for (const task of old) this.#pipeline.stop(task);
      this.#whenGone(old, fresh);
    });
  }

  #whenGone(old: readonly Task[], fresh: Task): void {
    if (old.every(hasEnded)) return this.#pipeline.go(fresh);
    this.#cluster.agenda.after(20, () => this.#whenGone(old, fresh));
  }

  #seen(task: Task): void {
    if (!this.#made.has(task)) return;
    const ran = task.state === "running" || hasEnded(task);
    const waiting = this.#waiting.get(task);
    if (ran && waiting) {
      this.#waiting.delete(task);
      this.#made.set(task, this.#cluster.now);
      if (task.state === "running" && this.#service.plan.update.order === "start-first") for (const old of waiting.old) this.#pipeline.stop(old);
      waiting.done();
    }
    if (!hasEnded(task) || task.desired === "shutdown" || this.#failed.has(task) || this.#stopped) return;
    const ranAt = this.#made.get(task);
    if (typeof ranAt === "number" && this.#cluster.now - ranAt > this.#service.plan.update.monitorMs) return;
    this.#failed.add(task);
    this.#failure();
  }

  #failure(): void {
    const action = this.#back ? "pause" : this.#service.plan.update.action;
    if (action === "continue") return;
    this.#stopped = true;
    if (this.#back) return this.#status("rollback_paused", "rollback paused due to failure or early termination of a task");
    if (action === "pause") this.#paused();
    if (action === "pause") return this.#status("paused", "update paused due to failure or early termination of a task");
    new Updater(this.#cluster, this.#orchestrator, this.#pipeline, this.#service, true).run(0);
  }

  #paused(): void {
    const old = () => this.#service.tasks.some((task) => isLive(task) && task.spec !== this.#service.spec);
    this.#cluster.agenda.after(1_000, () => (this.#service.stuck = old() ? "for seconds" : "no"));
    this.#cluster.agenda.after(10_000, () => (this.#service.stuck = old() ? "for long" : this.#service.stuck));
  }

  #finish(): void {
    if (!this.#stopped) this.#status(this.#back ? "rollback_completed" : "completed", "completed");
  }

  #status(state: string, message: string): void {
    const { update } = this.#service;
    if (!update) return;
    update.state = state;
    update.message = message;
    if (state.endsWith("completed")) update.completedAt = this.#cluster.now;
    this.#cluster.touchService(this.#service);
  }
}
