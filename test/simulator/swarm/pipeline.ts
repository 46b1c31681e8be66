import type { Fate } from "../plan.ts";
import type { Cluster } from "./cluster.ts";
import type { Containers } from "./containers.ts";
import { hasEnded, type Service, type Task } from "./task.ts";

/** A task's way from new to running, and out again when it is told to. */
export class Pipeline {
  readonly #cluster: Cluster;
  readonly #containers: Containers;

  constructor(cluster: Cluster, containers: Containers) {
    this.#cluster = cluster;
    this.#containers = containers;
  }

  /** A new task, wanted `ready`: it waits there for its turn. @param node given for global services */
  create(service: Service, slot: number, node: string | null): Task {
    const place = node ?? String(slot);
    const key = `${place} ${service.spec}`;
    const attempt = service.attempts.get(key) ?? 0;
    service.attempts.set(key, attempt + 1);
    const { now } = this.#cluster;
    const task: Task = {
      id: this.#cluster.id(), service, slot, spec: service.spec, createdAt: now, attempt, node, state: "new", desired: "ready",
      stamp: now, message: "created", error: "", exitCode: 0, container: null, index: 0, json: null,
    };
    service.tasks.push(task);
    this.#cluster.touch(task);
    this.#allocate(task);
    return task;
  }

  /** Its turn has come. */
  go(task: Task): void {
    if (task.desired !== "ready") return;
    task.desired = task.service.plan.mode === "job" ? "complete" : "running";
    this.#cluster.touch(task);
    if (task.state === "ready") this.#start(task);
  }

  /** It is no longer wanted. */
  stop(task: Task): void {
    if (task.desired === "shutdown") return;
    task.desired = "shutdown";
    this.#cluster.touch(task);
    if (hasEnded(task)) return;
    if (task.container) this.#containers.stop(task);
    else this.#later(20, 200, task, () => this.#cluster.commit(task, "shutdown", { message: "shutdown" }), true);
  }

  #fate({ service, spec, slot, attempt }: Task): Fate {
    const { first, later, slots } = service.plan.versions[spec];
    return slots === null || slots.includes(slot) ? (first[attempt] ?? later) : { kind: "runs" };
  }

  #allocate(task: Task): void {
    const fate = this.#fate(task);
    const place = () => this.#later(5, 40, task, () => this.#schedule(task));
    if (fate.kind === "unaddressed") this.#cluster.agenda.after(fate.ms, place);
    else place();
  }

  #schedule(task: Task): void {
    const fate = this.#fate(task);
    if (fate.kind === "unplaced" && this.#cluster.now < task.createdAt + fate.ms) return this.#pend(task, fate.error);
    if (this.#portTaken(task)) return this.#pend(task, "host-mode port already in use on 1 node");
    const node = task.node ?? this.#cluster.random.pick(this.#cluster.nodes);
    this.#cluster.commit(task, "assigned", { node, message: "scheduler assigned task to node", error: "" });
    const [least, most] = fate.kind === "slow" ? [fate.ms, fate.ms] : [60, 900];
    this.#later(15, 120, task, () => {
      this.#cluster.commit(task, "preparing", { message: "preparing" });
      this.#later(least, most, task, () => this.#prepared(task));
    });
  }

  #pend(task: Task, cause: string): void {
    const error = `no suitable node (${cause})`;
    if (task.state !== "pending" || task.error !== error) this.#cluster.commit(task, "pending", { message: "pending task scheduling", error });
    this.#later(900, 1_100, task, () => this.#schedule(task));
  }

  /** The scheduler counts a port as used until the task that holds it has ended. */
  #portTaken(task: Task): boolean {
    const { hostPort } = task.service.plan;
    if (hostPort === null) return false;
    const holders = [...this.#cluster.services.values()].filter(({ plan }) => plan.hostPort === hostPort).flatMap(({ tasks }) => tasks)
      .filter((other) => other !== task && other.node !== null && !hasEnded(other));
    return this.#cluster.nodes.every((node) => holders.some((holder) => holder.node === node));
  }

  #prepared(task: Task): void {
    const fate = this.#fate(task);
    if (fate.kind === "refused") return this.#cluster.commit(task, "rejected", { message: "preparing", error: fate.error });
    this.#cluster.commit(task, "ready", { message: "prepared" });
    if (task.desired === "running" || task.desired === "complete") this.#start(task);
  }

  #start(task: Task): void {
    const fate = this.#fate(task);
    this.#later(5, 60, task, () => {
      this.#cluster.commit(task, "starting", { message: "starting" });
      this.#later(80, 300, task, () => {
        if (fate.kind === "unstartable") return this.#cluster.commit(task, "failed", { error: fate.error, exitCode: 127 });
        this.#containers.launch(task, fate);
        if (!task.service.plan.health) this.#later(5, 60, task, () => this.#cluster.commit(task, "running", { message: "started" }));
      });
    });
  }

  /** Unless the task has ended, or is no longer wanted, by then. */
  #later(least: number, most: number, task: Task, act: () => void, unwanted = false): void {
    this.#cluster.agenda.after(this.#cluster.random.int(least, most), () => {
      if (!hasEnded(task) && (unwanted || task.desired !== "shutdown")) act();
    });
  }
}
