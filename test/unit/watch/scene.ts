import { addPoll, addDisturbance, applyChange, beginChange, declare, expectServices, newHistory } from "../../../harness/watch/history.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import type { SeenNode, SeenService, SeenTask } from "../../../harness/watch/observe/seen.ts";
import { judge } from "../../../harness/watch/policy.ts";
import type { Health, History, Judgement, Limits } from "../../../harness/watch/types.ts";

/** A made-up Swarm with a clock of its own, for table tests. Times are seconds; the history sees a poll each half second and at each event. */

export interface ServiceOptions {
  readonly needs?: readonly string[];
  readonly health?: boolean;
  readonly replicas?: number;
  readonly mode?: SeenService["mode"];
  readonly condition?: "none" | "on-failure" | "any";
  /** Given explicitly, seconds. */
  readonly delay?: number;
  readonly memoryLimit?: number;
  readonly hostPorts?: readonly number[];
  readonly image?: string;
  readonly monitor?: number;
}

export interface EndOptions {
  readonly exit?: number;
  readonly error?: string;
  readonly state?: "failed" | "complete" | "rejected" | "shutdown";
  /** Told to stop first. */
  readonly asked?: boolean;
  /** No replacement comes. */
  readonly last?: boolean;
  readonly slot?: string;
}

export interface CrashOptions extends EndOptions {
  readonly from?: number;
  readonly life: number;
  /** From the start of one to the start of the next; Swarm's default is its life and 5 s. */
  readonly every?: number;
  /** How many times; afterwards it stays up. */
  readonly times?: number;
  /** After the last of `times`, a life that lasts; true by default. */
  readonly goesOn?: boolean;
  /** Never gets past starting (health check). */
  readonly starting?: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const wanted = (task: SeenTask) => task.desired === "running" || task.desired === "ready";

export class Scene {
  history: History;
  readonly limits: Limits;
  now = 0;
  /** The first verdict against somebody, and when. */
  verdict: { readonly judged: Exclude<Judgement, { line: string }>; readonly at: number } | null = null;
  settledAt: number | null = null;
  nodes: SeenNode[] | null = null;
  /** The daemon's clock is that much off for what happens from then on, milliseconds. */
  clockStep = { from: Number.POSITIVE_INFINITY, byMs: 0 };
  /** Swarm's memory of ended tasks a slot. */
  keep = 4;
  #services = new Map<string, Mutable<SeenService>>();
  #health = new Map<string, Health>();
  #tasks: Mutable<SeenTask>[] = [];
  #plans: { readonly at: number; readonly act: () => void }[] = [];
  #ids = 0;

  constructor(services: Readonly<Record<string, ServiceOptions>>, options: { limits?: Partial<Limits>; missing?: readonly string[]; overlaid?: readonly string[] } = {}) {
    this.limits = { ...defaultLimits, ...options.limits };
    const dependencies = new Map(Object.entries(services).map(([name, { needs }]) => [name, needs ?? []]));
    this.history = newHistory({ stack: "s", at: 0, dependencies, missingImages: options.missing ?? [], overlaid: options.overlaid ?? [] });
    this.history = beginChange(this.history, "deploy", 0);
    for (const [name, service] of Object.entries(services)) this.create(name, service);
    this.history = applyChange(expectServices(this.history, Object.keys(services)));
  }

  create(name: string, o: ServiceOptions = {}): void {
    this.#health.set(name, { kind: o.health ? "checked" : "none", limitMs: o.health ? 90_000 : null });
    this.#services.set(name, {
      id: `${name}-id-${++this.#ids}`,
      name,
      version: ++this.#ids,
      spec: `${name}-v1`,
      createdAt: this.now * 1000,
      mode: o.mode ?? "replicated",
      desired: o.replicas ?? 1,
      image: o.image ?? `${name}:1`,
      update: null,
      restart: { condition: o.condition ?? "any", delayMs: (o.delay ?? 5) * 1000, delayGiven: o.delay !== undefined },
      monitorMs: (o.monitor ?? 5) * 1000,
      memoryLimit: o.memoryLimit ?? null,
      hostPorts: o.hostPorts ?? [],
    });
  }

  remove(name: string): void {
    const service = this.service(name);
    this.#services.delete(name);
    this.#tasks = this.#tasks.filter(({ serviceId }) => serviceId !== service.id);
  }

  service(name: string): Mutable<SeenService> {
    const service = this.#services.get(name);
    if (!service) throw new Error(`no service ${name} in this scene`);
    return service;
  }

  latest(name: string, slot = "1"): Mutable<SeenTask> {
    const task = this.#tasks.findLast((one) => one.serviceId === this.service(name).id && one.slot === slot);
    if (!task) throw new Error(`no task of ${name} in slot ${slot}`);
    return task;
  }

  oldest(name: string): Mutable<SeenTask> {
    return this.#tasks.find((one) => one.serviceId === this.service(name).id) as Mutable<SeenTask>;
  }

  /** A new task in its slot; state `ready` waits for its restart delay. */
  task(name: string, slot = "1", state = "assigned", node = "n1"): Mutable<SeenTask> {
    const service = this.service(name);
    const task: Mutable<SeenTask> = {
      id: `${name}.${slot}.${++this.#ids}`,
      serviceId: service.id,
      slot,
      node,
      createdAt: this.now * 1000,
      spec: service.spec,
      image: service.image,
      health: this.#health.get(name) as Health,
      state,
      desired: state === "ready" ? "ready" : "running",
      stateAt: this.now * 1000,
      message: null,
      error: null,
      exitCode: null,
      container: null,
    };
    this.#tasks.push(task);
    return task;
  }

  move(task: Mutable<SeenTask>, state: string, more: Partial<SeenTask> = {}): void {
    Object.assign(task, { state, stateAt: this.now * 1000, ...more });
  }

  start(name: string, slot = "1"): void {
    const waiting = this.#tasks.find((one) => one.serviceId === this.service(name).id && one.slot === slot && one.desired === "ready");
    this.move(waiting ?? this.task(name, slot), "starting", { desired: "running" });
  }

  run(name: string, slot = "1"): void {
    this.start(name, slot);
    this.move(this.latest(name, slot), "running");
  }

  up(name: string, slot = "1"): void {
    this.move(this.latest(name, slot), "running");
  }

  /** The live task of a slot ends; Swarm creates the next one at once. */
  end(name: string, o: EndOptions = {}): void {
    const slot = o.slot ?? "1";
    const task = this.latest(name, slot);
    const state = o.state ?? "failed";
    const exitCode = state === "rejected" ? null : (o.exit ?? (state === "complete" ? 0 : 1));
    if (o.asked) {
      task.desired = "shutdown";
      this.poll();
    }
    const error = o.error ?? (state === "failed" ? `task: non-zero exit (${exitCode})` : null);
    this.move(task, state, { desired: "shutdown", exitCode, error });
    if (!o.last) this.task(name, slot, "ready", task.node ?? "n1");
    this.#forget(task.serviceId, slot);
  }

  /** Schedules starts and ends over and over, then a life that lasts. */
  crash(name: string, o: CrashOptions): void {
    const every = o.every ?? o.life + 5;
    const times = o.times ?? 60;
    for (let turn = 0; turn < times + (o.goesOn === false ? 0 : 1); turn++) {
      const start = (o.from ?? 0) + turn * every;
      this.plan(start, () => this.start(name, o.slot));
      if (!o.starting || turn === times) this.plan(start + Math.min(0.1, o.life / 2), () => this.up(name, o.slot));
      if (turn < times) this.plan(start + o.life, () => this.end(name, { ...o, last: o.last === true && turn === times - 1 }));
      if (turn === times - 1 && o.last) return;
    }
  }

  plan(at: number, act: () => void): void {
    this.#plans.push({ at, act });
    this.#plans.sort((a, b) => a.at - b.at);
  }

  /** abra deploys again: the service's spec changes, Swarm starts an update. */
  change(name: string, services: Readonly<Record<string, string | null>>): void {
    this.history = beginChange(this.history, name, this.now * 1000, [...this.#services.keys()]);
    for (const [service, spec] of Object.entries(services)) {
      this.service(service).version = ++this.#ids;
      this.service(service).update = null;
      if (spec === null) continue;
      this.service(service).spec = spec;
      this.updating(service, "updating");
    }
    this.history = applyChange(this.history);
    this.poll();
  }

  /** What compose declares from now on, by name. */
  expect(names: readonly string[]): void {
    this.history = expectServices(this.history, names);
  }

  /** Who waits for whom from now on. */
  dependencies(needs: Readonly<Record<string, readonly string[]>>): void {
    this.history = declare(this.history, { dependencies: new Map(Object.entries(needs)), overlaid: this.history.overlaid });
  }

  updating(name: string, state: string): void {
    const service = this.service(name);
    const startedAt = service.update?.startedAt ?? `update at ${this.now}`;
    service.version = ++this.#ids;
    service.update = { state, startedAt, completedAt: state.endsWith("completed") ? this.now * 1000 : null, message: `update ${state}` };
  }

  /** The next task of a slot on the new spec, after the old one stopped as asked. */
  replace(name: string, slot = "1", o: EndOptions = {}): void {
    this.end(name, { state: "shutdown", asked: true, slot, ...o, last: true });
    this.task(name, slot);
  }

  /** @param engine it goes down too */
  disturb(targets: readonly string[], forSeconds: number, why: string, engine = false): void {
    const from = this.now * 1000;
    this.history = addDisturbance(this.history, { targets, from, until: from + forSeconds * 1000, why, ...(engine ? { engine } : {}) });
  }

  poll(): void {
    const at = this.now * 1000;
    this.history = addPoll(this.history, {
      askedAt: at,
      at,
      tasks: this.#tasks.map((task) => ({ ...task, stateAt: task.stateAt + (task.stateAt >= this.clockStep.from ? this.clockStep.byMs : 0) })),
      services: [...this.#services.values()].map((service) => ({ ...service })),
      nodes: this.nodes,
    });
    const judged = this.judge();
    if ("reason" in judged) this.verdict ??= { judged, at: this.now };
    else if (judged.kind !== "waiting") this.settledAt ??= this.now;
    if (judged.kind === "waiting") this.settledAt = null;
  }

  judge(): Judgement {
    return judge(this.history, this.limits, this.now * 1000);
  }

  /** Lets time pass. */
  until(end: number, step = 0.5): this {
    for (;;) {
      const plan = this.#plans[0];
      const tick = Math.min(this.now + step, end);
      if (plan && plan.at <= tick) {
        this.#plans.shift();
        this.now = Math.max(this.now, plan.at);
        plan.act();
        this.poll();
      } else {
        this.now = tick;
        this.poll();
        if (tick >= end) return this;
      }
      if (this.verdict) return this;
    }
  }

  #forget(serviceId: string, slot: string): void {
    const ended = this.#tasks.filter((one) => one.serviceId === serviceId && one.slot === slot && !wanted(one));
    const forgotten = new Set(ended.slice(0, Math.max(0, ended.length - this.keep)));
    this.#tasks = this.#tasks.filter((one) => !forgotten.has(one));
  }
}
