import type { Fate, Version } from "../plan.ts";
import type { Cluster } from "./cluster.ts";
import { type Container, hasEnded, type Service, type Task } from "./task.ts";

/** What happens inside containers: they boot, find what they need or die of it, answer health checks, end. */
export class Containers {
  readonly #cluster: Cluster;
  readonly #tasks = new Map<string, Task[]>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The process starts. */
  launch(task: Task, fate: Fate): void {
    const { agenda, random } = this.#cluster;
    const { plan } = task.service;
    task.container = { id: this.#cluster.id(), startedAt: agenda.now, alive: true, supplied: false, listeningAt: null, probesFailed: 0, ending: false };
    this.#tasks.set(plan.name, [...(this.#tasks.get(plan.name) ?? []).filter((one) => one.container?.alive), task]);
    this.#cluster.emitOf(task, "start");
    if (plan.health) this.#probeLater(task, fate);
    if (fate.kind === "exits") agenda.after(random.int(...fate.life), () => this.die(task, fate.code, { oom: fate.oom === true }));
    // What hangs, or exits too soon for its work, is helped by nobody.
    task.container.supplied = fate.kind === "hangs" || (fate.kind === "exits" && plan.ends !== "never");
    if (task.container.supplied) return;
    const version = this.#version(task);
    if (version.diesWithoutMs !== null) agenda.after(version.diesWithoutMs, () => (this.#hasAll(task.service) ? this.#supply(task) : this.die(task, 1)));
    else if (this.#hasAll(task.service)) this.#supply(task);
  }

  /** It is told to end. */
  stop(task: Task, ms = task.service.plan.stopMs): void {
    const { container } = task;
    if (!container?.alive || container.ending) return;
    container.ending = true;
    this.#cluster.agenda.after(ms, () => this.die(task, 143));
  }

  /** The process is gone; its task turns failed (or what it was told to be) some moments later. */
  die(task: Task, code: number, { oom = false, error = "" } = {}): void {
    const { container } = task;
    const { agenda, random } = this.#cluster;
    if (!container?.alive) return;
    const wasReady = this.isReady(task.service);
    container.alive = false;
    container.listeningAt = null;
    if (oom) this.#cluster.emitOf(task, "oom");
    this.#cluster.emitOf(task, "die", { exitCode: String(code) });
    if (wasReady && !this.isReady(task.service)) this.#lost(task.service);
    agenda.after(random.int(135, 280), () => this.#ended(task, code, error));
  }

  /** Others can rely on it. */
  isReady({ plan, spec, tasks }: Service): boolean {
    if (plan.ends !== "once") return (this.#tasks.get(plan.name) ?? []).some(({ container }) => container?.alive && container.listeningAt !== null);
    return tasks.filter((task) => task.spec === spec && task.state === "complete").length >= plan.replicas;
  }

  /** Something got ready: those that waited for it go on. */
  supplied(): void {
    for (const tasks of this.#tasks.values()) {
      for (const task of tasks) if (task.container?.alive && !task.container.supplied && this.#version(task).diesWithoutMs === null && this.#hasAll(task.service)) this.#supply(task);
    }
  }

  #ended(task: Task, code: number, error: string): void {
    if (hasEnded(task)) return;
    const { plan } = task.service;
    const asked = task.desired === "shutdown";
    const state = asked && !error ? plan.stopsAs : code === 0 ? "complete" : "failed";
    const exitCode = asked && state === "complete" ? 0 : code;
    const message = state === "complete" ? "finished" : state === "shutdown" ? "shutdown" : "started";
    this.#cluster.commit(task, state, { exitCode, message, error: state === "failed" ? `task: non-zero exit (${exitCode})${error}` : "" });
    if (state === "complete") this.supplied();
  }

  #hasAll(service: Service): boolean {
    return service.plan.needs.every((name) => {
      const need = this.#cluster.services.get(name);
      return need !== undefined && this.isReady(need);
    });
  }

  #supply(task: Task): void {
    const { container, service } = task;
    if (!container?.alive || container.supplied) return;
    container.supplied = true;
    const version = this.#version(task);
    const ends = service.plan.ends !== "never";
    const bootMs = version.bootMs + service.slower;
    service.slower = 0;
    this.#cluster.agenda.after(ends ? version.workMs : bootMs, () => {
      if (!container.alive) return;
      if (ends) return this.die(task, 0);
      container.listeningAt = this.#cluster.now;
      this.#cluster.heard.push(task);
      this.supplied();
    });
  }

  /** What went away takes those with it that can't bear it. */
  #lost(service: Service): void {
    for (const other of this.#cluster.services.values()) {
      if (!other.plan.needs.includes(service.plan.name)) continue;
      for (const task of this.#tasks.get(other.plan.name) ?? []) {
        const { diesOfLossMs } = this.#version(task);
        if (diesOfLossMs !== null && task.container?.supplied) this.#cluster.agenda.after(diesOfLossMs, () => this.die(task, 1));
      }
    }
  }

  #probeLater(task: Task, fate: Fate): void {
    const { plan } = task.service;
    if (plan.health) this.#cluster.agenda.after(plan.health.intervalMs, () => this.#probe(task, fate, task.container as Container));
  }

  #probe(task: Task, fate: Fate, container: Container): void {
    const { health } = task.service.plan;
    if (!container.alive || container.ending || !health) return;
    const { now } = this.#cluster;
    const sick = fate.kind === "sick" && container.listeningAt !== null && now >= container.listeningAt + fate.after;
    if (container.listeningAt !== null && !sick) {
      container.probesFailed = 0;
      if (task.state === "starting") this.#cluster.commit(task, "running", { message: "started" });
      // A healthy one that nothing will befall need not be asked for ever.
      if (fate.kind !== "sick") return;
    } else if (task.state === "running" || now - container.startedAt > health.startPeriodMs) container.probesFailed++;
    if (container.probesFailed >= health.retries) {
      container.ending = true;
      return this.#cluster.agenda.after(task.service.plan.stopMs, () => this.die(task, 143, { error: ": dockerexec: unhealthy container" }));
    }
    this.#probeLater(task, fate);
  }

  #version(task: Task): Version {
    return task.service.plan.versions[task.spec];
  }
}
