import { Mask } from "../../harness/base/mask.ts";
import { addDisturbance, applyChange, beginChange, endDisturbance, expectServices } from "../../harness/watch/history.ts";
import { defaultLimits } from "../../harness/watch/limits.ts";
import { Intake } from "../../harness/watch/observe/intake.ts";
import { readHealth } from "../../harness/watch/observe/parse.ts";
import { deadlineFinding } from "../../harness/watch/policy/deadline.ts";
import { judge } from "../../harness/watch/policy.ts";
import type { History, Judgement } from "../../harness/watch/types.ts";
import { Agenda } from "./agenda.ts";
import type { Scenario } from "./plan.ts";
import { Random } from "./random.ts";
import { imageOf, rawHealth } from "./swarm/raw.ts";
import { epoch, World } from "./world.ts";

/** The only file here that knows the watch: it looks at a world as the watch's poll loop would, and asks the judge. */

export interface Seen {
  /** The first verdict, and how many milliseconds after the last change it was known. */
  readonly verdict: { readonly kind: string; readonly cls: string; readonly service: string | null; readonly summary: string; readonly at: number } | null;
  /** What the judge says at the end, where there was no verdict: what a deadline would say then. */
  readonly standing: { readonly kind: Judgement["kind"]; readonly line: string; readonly blame: string; readonly service: string | null } | null;
  readonly looks: number;
}

/** As observe/poller.ts does: often for a second after an event, else each half second. */
const hotForMs = 1_000;
const idleMs = 500;
/** Between two looks where the world stands still: only the clock can change a verdict. */
const stillMs = 10_000;
const socketMs = 250;

/** Plays a scenario to its end; the watch looks on until its first verdict. */
export function watchWorld(scenario: Scenario): { readonly world: World; readonly seen: Seen } {
  const world = new World(scenario);
  const seen = new Onlooker(scenario, world).look();
  world.agenda.runUntil(epoch + scenario.end);
  return { world, seen };
}

class Onlooker {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #intake: Intake;
  readonly #random: Random;
  /** What the build tells, and sockets that are found. */
  readonly #told = new Agenda(epoch);
  #hotUntil = 0;
  #revision = -1;
  #nodesAt = 0;
  #looks = 0;
  #changedAt = epoch;

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
    this.#random = new Random(scenario.seed + 2);
    const dependencies = new Map(scenario.services.map(({ name, declaredNeeds }) => [name, declaredNeeds]));
    this.#intake = new Intake({ stack: "sim", at: epoch, dependencies, missingImages: scenario.missingImages, mask: new Mask() });
    for (const { name, health } of scenario.services) {
      for (const spec of [0, 1] as const) this.#intake.learnImage(imageOf(name, spec), readHealth(health?.inImage ? rawHealth(health) : null, "none"));
    }
    this.#tell();
  }

  look(): Seen {
    const end = epoch + this.#scenario.end;
    const { agenda } = this.#world;
    let next = epoch;
    for (;;) {
      const first = Math.min(agenda.next, this.#told.next, next, end);
      if (agenda.next === first) {
        agenda.step();
        next = Math.min(next, this.#nextLook());
      } else if (this.#told.next === first) {
        this.#told.step();
        next = Math.min(next, first + 1);
      } else {
        agenda.now = first;
        const judged = this.#take(first);
        if ("reason" in judged) return { verdict: this.#verdict(judged), standing: null, looks: this.#looks };
        if (first >= end) return { verdict: null, standing: this.#standing(judged, end), looks: this.#looks };
        next = this.#afterLook(first);
      }
    }
  }

  /** While the daemon is silent each look counts, and so does the last one before. */
  #afterLook(now: number): number {
    const next = now + (this.#scenario.everyLook ? idleMs : stillMs);
    const silence = this.#scenario.silences.find(({ until }) => epoch + until > now);
    if (!silence) return next;
    return now < epoch + silence.from - 1 ? Math.min(next, epoch + silence.from - 1) : now + idleMs;
  }

  #verdict({ kind, reason }: Extract<Judgement, { reason: unknown }>): Seen["verdict"] {
    return { kind, cls: reason.class, service: reason.service, summary: reason.summary, at: this.#world.agenda.now - this.#changedAt };
  }

  #standing(judged: Judgement, end: number): Seen["standing"] {
    const { blame, reason } = deadlineFinding(this.#intake.history, defaultLimits, end, end - this.#changedAt, judged);
    return { kind: judged.kind, line: "line" in judged ? judged.line : "", blame, service: reason.service };
  }

  /** When the poll loop would next see what has just changed. */
  #nextLook(): number {
    const { now } = this.#world.agenda;
    for (const line of this.#world.events()) {
      if (this.#intake.events(Buffer.from(line), now).length > 0) this.#hotUntil = now + hotForMs;
    }
    for (const task of this.#world.heard()) {
      if (this.#scenario.socketsReadable) this.#told.at(now + this.#random.int(1, socketMs), () => {
        if (task.container?.alive) this.#intake.learn(task.id, { listeningAt: this.#told.now });
      });
    }
    if (this.#revision === this.#world.revision) return Number.POSITIVE_INFINITY;
    const every = now < this.#hotUntil ? this.#scenario.hotMs : idleMs;
    return Math.floor(now / every + 1) * every;
  }

  #take(now: number): Judgement {
    this.#looks++;
    const silent = this.#scenario.silences.some(({ from, until }) => now >= epoch + from && now < epoch + until);
    if (silent) this.#intake.silence("connect ECONNREFUSED");
    else {
      this.#revision = this.#world.revision;
      const { nodes, ...answers } = this.#world.answers();
      const withNodes = now - this.#nodesAt >= 5_000;
      if (withNodes) this.#nodesAt = now;
      this.#intake.answers({ askedAt: now - 3, at: now, ...answers, nodes: withNodes ? nodes : null });
      if (this.#scenario.socketsReadable && withNodes) for (const { id } of this.#world.deaf()) this.#intake.learn(id, { deafAt: now });
    }
    return judge(this.#intake.history, defaultLimits, now);
  }

  #tell(): void {
    const declare = (at: number, change: (history: History) => History) => this.#told.at(epoch + at, () => this.#intake.declare(change));
    for (const act of this.#scenario.acts) {
      if (act.kind !== "deploy") continue;
      declare(act.at, (history) => beginChange(history, act.version === 0 ? "deploy" : "upgrade", epoch + act.at));
      declare(act.at, (history) => ((this.#changedAt = epoch + act.at), history));
      declare(act.appliedAt, (history) => expectServices(applyChange(history), this.#scenario.services.map(({ name }) => name)));
    }
    for (const { targets, from, until, endedAt, why } of this.#scenario.declared) {
      const disturbance = { targets, from: epoch + from, until: epoch + until, why };
      declare(from, (history) => addDisturbance(history, disturbance));
      if (endedAt !== null) declare(endedAt, (history) => endDisturbance(history, disturbance, epoch + endedAt));
    }
  }
}
