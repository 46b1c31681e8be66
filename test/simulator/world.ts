import { Agenda } from "./agenda.ts";
import type { Act, Scenario } from "./plan.ts";
import { Random } from "./random.ts";
import { Cluster } from "./swarm/cluster.ts";
import { Containers } from "./swarm/containers.ts";
import { Orchestrator } from "./swarm/orchestrator.ts";
import { Pipeline } from "./swarm/pipeline.ts";
import { nodesBody, servicesBody, tasksBody } from "./swarm/raw.ts";
import { hasEnded, placeOf, type Service, type Task } from "./swarm/task.ts";
import { Updater } from "./swarm/updater.ts";

/** When every world begins, milliseconds since the epoch. */
export const epoch = Date.UTC(2026, 0, 1);

/** A scenario, played. Nobody who looks at it changes anything: the same scenario is the same world, watched or not. */
export class World {
  readonly agenda = new Agenda(epoch);
  readonly #cluster: Cluster;
  readonly #containers: Containers;
  readonly #orchestrator: Orchestrator;
  readonly #pipeline: Pipeline;
  /** When what Swarm had not asked for last ended, by service. */
  readonly failedAt = new Map<string, number>();
  /** Slots whose last task of the spec ended well: service, place and spec. */
  readonly doneIn = new Set<string>();

  constructor(scenario: Scenario) {
    this.#cluster = new Cluster(this.agenda, new Random(scenario.seed + 1), scenario);
    this.#containers = new Containers(this.#cluster);
    this.#pipeline = new Pipeline(this.#cluster, this.#containers);
    this.#orchestrator = new Orchestrator(this.#cluster, this.#pipeline);
    this.#cluster.watchers.push((task) => this.#note(task));
    for (const act of scenario.acts) this.#plan(act, scenario);
  }

  get revision(): number {
    return this.#cluster.revision;
  }

  get services(): ReadonlyMap<string, Service> {
    return this.#cluster.services;
  }

  /** What the daemon would answer right now. */
  answers(): { readonly tasks: Buffer; readonly services: Buffer; readonly nodes: Buffer } {
    const services = [...this.#cluster.services.values()];
    return { tasks: tasksBody(services), services: servicesBody(services), nodes: nodesBody(this.#cluster.nodes) };
  }

  /** Event lines since the last call. */
  events(): readonly string[] {
    if (this.#cluster.outbox.length === 0) return [];
    return this.#cluster.outbox.splice(0);
  }

  /** Tasks in whose containers a socket began to listen since the last call. */
  heard(): readonly Task[] {
    return this.#cluster.heard.length === 0 ? [] : this.#cluster.heard.splice(0);
  }

  /** Tasks whose containers live and listen to nobody. */
  deaf(): Task[] {
    return [...this.#cluster.services.values()].flatMap(({ tasks }) => tasks.filter(({ container }) => container?.alive && container.listeningAt === null));
  }

  #plan(act: Act, scenario: Scenario): void {
    if (act.kind === "kill") return this.agenda.at(epoch + act.at, () => this.#kill(act));
    for (const { name, at } of act.services) {
      this.agenda.at(epoch + at, () => {
        const plan = scenario.services.find((one) => one.name === name);
        const known = this.#cluster.services.get(name);
        if (known) new Updater(this.#cluster, this.#orchestrator, this.#pipeline, known).run(act.version);
        else if (plan) {
          const service = this.#cluster.add(plan, act.version);
          this.agenda.after(this.#cluster.random.int(5, 60), () => this.#orchestrator.begin(service));
        }
      });
    }
  }

  #kill({ service, slot, slowerMs }: Extract<Act, { kind: "kill" }>): void {
    const known = this.#cluster.services.get(service);
    if (!known) return;
    known.slower = slowerMs;
    for (const task of known.tasks.filter((one) => slot === null || one.slot === slot)) this.#containers.die(task, 137);
  }

  /** Also what was excused: whether a world is quiet in the end is no matter of whose fault it was. */
  #note(task: Task): void {
    if (!hasEnded(task) || task.desired === "shutdown" || task.state === "shutdown") return;
    const { plan } = task.service;
    const place = `${plan.name} ${placeOf(task)} ${task.spec}`;
    if (task.state === "complete") this.doneIn.add(place);
    else this.doneIn.delete(place);
    const meant = task.state === "complete" && (plan.restart.condition !== "any" || plan.mode === "job" || plan.ends === "again");
    if (!meant) this.failedAt.set(plan.name, this.#cluster.now);
  }
}
