import type { Agenda } from "../agenda.ts";
import type { Scenario, ServicePlan } from "../plan.ts";
import type { Random } from "../random.ts";
import { eventLine } from "./raw.ts";
import type { Service, Task } from "./task.ts";

/** What the managers know: services, tasks, nodes; and the events that the first node tells. */
export class Cluster {
  readonly stack = "sim";
  readonly agenda: Agenda;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly services = new Map<string, Service>();
  readonly nodes: readonly string[];
  /** Moves whenever a list of tasks or services would look different. */
  revision = 0;
  /** Tasks in whose containers a socket began to listen, not yet read. */
  heard: Task[] = [];
  /** Event lines not yet read. */
  outbox: string[] = [];
  /** Told of each new state of a task. */
  readonly watchers: ((task: Task) => void)[] = [];
  #index = 100;
  #ids = 0;

  constructor(agenda: Agenda, random: Random, scenario: Scenario) {
    this.agenda = agenda;
    this.random = random;
    this.scenario = scenario;
    this.nodes = Array.from({ length: scenario.nodes }, (_, index) => `node${index + 1}aaaaaaaaaaaaaaaaaaaa`);
  }

  get now(): number {
    return this.agenda.now;
  }

  /** Looks like Swarm's: 25 letters and digits, and no two alike. */
  id(): string {
    return `${(++this.#ids).toString(36).padStart(4, "0")}${Math.floor(this.random.next() * 36 ** 8).toString(36).padStart(8, "0")}aaaaaaaaaaaaa`;
  }

  add(plan: ServicePlan, spec: 0 | 1): Service {
    const service: Service = { plan, id: this.id(), createdAt: this.now, spec, index: ++this.#index, update: null, stuck: "no", slower: 0, tasks: [], restarts: new Map(), attempts: new Map(), json: null };
    this.services.set(plan.name, service);
    this.touchService(service);
    this.emit("service", "create", service.id, { name: `${this.stack}_${plan.name}` });
    return service;
  }

  /** A task enters a state; agents stamp it a moment before the managers know. */
  commit(task: Task, state: string, facts: Partial<Pick<Task, "message" | "error" | "exitCode" | "node">> = {}): void {
    Object.assign(task, facts);
    task.state = state;
    task.stamp = Math.max(task.stamp, this.now - this.random.int(9, 106));
    this.touch(task);
    for (const watcher of this.watchers) watcher(task);
  }

  touch(task: Task): void {
    task.index = ++this.#index;
    task.json = null;
    this.revision++;
  }

  touchService(service: Service): void {
    service.index = ++this.#index;
    service.json = null;
    this.revision++;
  }

  emitOf(task: Task, action: string, more: Readonly<Record<string, string>> = {}): void {
    if (task.node !== this.nodes[0] || !task.container) return;
    this.emit("container", action, task.container.id, {
      "com.docker.stack.namespace": this.stack,
      "com.docker.swarm.service.name": `${this.stack}_${task.service.plan.name}`,
      "com.docker.swarm.task.id": task.id,
      ...more,
    });
  }

  emit(type: string, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    if (this.scenario.events) this.outbox.push(eventLine(type, action, id, attributes, this.now));
  }
}
