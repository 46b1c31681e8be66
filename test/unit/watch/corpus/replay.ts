import { Mask } from "../../../../harness/base/mask.ts";
import { dependencies } from "../../../../harness/recipe/dependencies.ts";
import type { ComposeService } from "../../../../harness/recipe/types.ts";
import { listeningIn } from "../../../../harness/swarm/sockets.ts";
import { addDisturbance, applyChange, beginChange, expectServices } from "../../../../harness/watch/history.ts";
import { defaultLimits } from "../../../../harness/watch/limits.ts";
import { Intake } from "../../../../harness/watch/observe/intake.ts";
import { readHealth } from "../../../../harness/watch/observe/parse.ts";
import { judge } from "../../../../harness/watch/policy.ts";
import type { Judgement } from "../../../../harness/watch/types.ts";
import type { Line } from "../../../recorder/tape.ts";
import { type Recording, timeOf } from "./recording.ts";

type Red = Exclude<Judgement, { readonly line: string }>;

/** What the judge said of a recording. Times are seconds since the start of the last change. */
export interface Outcome {
  /** The first verdict against somebody; the replay ends there. `late`: seconds since what decided it. */
  readonly red: { readonly judged: Red; readonly at: number; readonly late: number } | null;
  /** Converged first, and for good (until the end of the recording). */
  readonly convergedAt: number | null;
  readonly forGoodAt: number | null;
  readonly last: Judgement;
}

/** Between two arrivals the judge is asked this often, milliseconds: time alone decides some things. */
const tickMs = 250;

/** Feeds a recording through observe in the order of arrival, and asks the judge after each arrival. */
export function replay(recording: Recording): Outcome {
  const player = new Player(recording);
  for (const line of recording) {
    const at = timeOf(line);
    if (at !== null && player.passTo(at)) break;
    player.feed(line);
    if (at !== null && player.judge(at)) break;
  }
  return player.outcome();
}

class Player {
  readonly #intake: Intake;
  readonly #anchor: number;
  readonly #bodies = new Map<number, Buffer>();
  #now = 0;
  /** What was seen before the latest change was made proves nothing: a watch waits for a look that began later. */
  #fresh = true;
  #appliedAt = 0;
  #changeAt = 0;
  #red: Outcome["red"] = null;
  #convergedAt: number | null = null;
  #forGoodAt: number | null = null;
  #last: Judgement = { kind: "waiting", line: "" };

  constructor([start]: Recording) {
    if (start?.kind !== "start") throw new Error("a recording begins with its start");
    const { stack, anchor, told } = start;
    this.#anchor = anchor;
    const services = told.compose.map((one) => one as unknown as ComposeService);
    const needs = new Map(Object.entries(dependencies({ services } as unknown as Parameters<typeof dependencies>[0], stack)));
    this.#intake = new Intake({ stack, at: anchor, dependencies: needs, missingImages: told.missingImages, overlaid: told.overlaid, mask: new Mask() });
  }

  /** Lets time pass with nothing arriving. @returns whether the judge has spoken */
  passTo(at: number): boolean {
    while (this.#now + tickMs < at) if (this.judge(this.#now + tickMs)) return true;
    return false;
  }

  feed(line: Line): void {
    const intake = this.#intake;
    switch (line.kind) {
      case "body":
        this.#bodies.set(line.id, Buffer.from(line.text));
        break;
      case "look":
        this.#fresh ||= line.asked >= this.#appliedAt;
        intake.answers({
          askedAt: this.#anchor + line.asked,
          at: this.#anchor + line.at,
          tasks: this.#body(line.tasks),
          services: this.#body(line.services),
          nodes: line.nodes === undefined ? null : this.#body(line.nodes),
        });
        break;
      case "events":
        intake.events(Buffer.from(line.chunk), this.#anchor + line.at);
        break;
      case "sockets":
        intake.learn(line.task, listeningIn(`${line.tcp}${line.tcp6}`).length > 0 ? { listeningAt: this.#anchor + line.at } : { deafAt: this.#anchor + line.at });
        break;
      case "image":
        intake.learnImage(line.ref, readHealth((JSON.parse(line.text) as { Config?: { Healthcheck?: unknown } }).Config?.Healthcheck, "none"));
        break;
      case "before":
        intake.declare((history) => beginChange(history, line.name, this.#anchor + line.at));
        [this.#changeAt, this.#convergedAt, this.#forGoodAt] = [line.at, null, null];
        break;
      case "after":
        [this.#fresh, this.#appliedAt] = [false, line.at];
        intake.declare((history) => applyChange(expectServices(history, line.services)));
        break;
      case "disturb": {
        const from = this.#anchor + line.at;
        intake.declare((history) => addDisturbance(history, { targets: line.targets, from, until: from + line.forMs, why: line.why }));
        break;
      }
      case "start":
      case "end":
        break;
    }
  }

  /** @returns whether the judge has spoken against somebody */
  judge(at: number): boolean {
    this.#now = at;
    const judged = judge(this.#intake.history, defaultLimits, this.#anchor + at);
    this.#last = judged;
    const since = (at - this.#changeAt) / 1000;
    if ("reason" in judged) this.#red = { judged, at: since, late: (this.#anchor + at - judged.at) / 1000 };
    else if (judged.kind !== "converged" || !this.#fresh) this.#forGoodAt = null;
    else {
      this.#convergedAt ??= since;
      this.#forGoodAt ??= since;
    }
    return this.#red !== null;
  }

  outcome(): Outcome {
    return { red: this.#red, convergedAt: this.#convergedAt, forGoodAt: this.#forGoodAt, last: this.#last };
  }

  #body(id: number): Buffer {
    const body = this.#bodies.get(id);
    if (!body) throw new Error(`the recording has no body ${id}`);
    return body;
  }
}
