import type { BuildEvent } from "../../harness/build/events.ts";

/** Moments of a build at which a fault strikes, told by the events of its NDJSON stream. Pure. */

export type Fixture = "tiny" | "custom-html" | "wordpress";

/** The story's phases, in order. */
export const phases = [
  "admit", "preflight", "fetch", "lint", "prepare", "prepull", "install", "upgrade", "backup", "restore", "custom", "extra", "converge",
  "collect", "teardown", "report",
] as const;
export type Phase = (typeof phases)[number];

/** What the stream says then. */
export type Cue =
  | { readonly on: "start" }
  | { readonly on: "verdict" }
  | { readonly on: "begin" | "end"; readonly phase: Phase }
  /** What goes on beside the phases is waited for in any of them: `phase` null. */
  | { readonly on: "waiting"; readonly phase: Phase | null; readonly words: RegExp };

export type Moment = Cue & {
  /** So much after the event, milliseconds; left out: at once. */
  readonly afterMs?: number;
};

export interface Point {
  readonly name: string;
  readonly fixture: Fixture;
  readonly swarm: "ephemeral" | "local";
  readonly moment: Moment;
  /** What `run` is told besides. */
  readonly flags: readonly string[];
}

/** Whether this event is the one that the moment waits for. */
export function isAt(moment: Moment, event: BuildEvent): boolean {
  switch (moment.on) {
    case "start":
      return event.type === "build";
    case "verdict":
      return event.type === "verdict";
    case "begin":
      return event.type === "phase-begin" && event.phase === moment.phase;
    case "end":
      return event.type === "phase-end" && event.phase === moment.phase;
    case "waiting":
      return event.type === "waiting" && (moment.phase === null || event.phase === moment.phase) && moment.words.test(event.line);
  }
}

/** The last phase that has something to do: what follows takes milliseconds, and everything is shown by then. */
const lastWork: Readonly<Record<Fixture, Phase>> = { tiny: "upgrade", "custom-html": "custom", wordpress: "restore" };

/**
 * Whether a fault at this moment may come too late to change what the build says. A phase that has nothing to do is over before a
 * signal arrives.
 */
export function isLate({ fixture, moment, flags }: Pick<Point, "fixture" | "moment" | "flags">): boolean {
  if (moment.on === "verdict") return true;
  if (moment.on === "start" || moment.phase === null) return false;
  const last = phases.indexOf(flags.includes("--extra") ? "extra" : lastWork[fixture]);
  const at = phases.indexOf(moment.phase);
  return at > last || (at === last && moment.on === "end");
}

/** Which recipe has something to do in a phase; the quickest of those. */
const fixtureFor: Partial<Record<Phase, Fixture>> = { backup: "custom-html", restore: "custom-html", custom: "custom-html" };

const boundaries: readonly Point[] = phases.flatMap((phase) => {
  const fixture = fixtureFor[phase] ?? "tiny";
  return (["begin", "end"] as const).map((on) => point(`${fixture}: ${on} of ${phase}`, fixture, { on, phase }));
});

const starting = /starting \(health/;

const inside: readonly Point[] = [
  point("tiny: first word", "tiny", { on: "start" }),
  point("tiny: the node is started", "tiny", waiting(null, /^starting a throwaway node/)),
  point("tiny: the Swarm is formed", "tiny", waiting(null, /^forming the Swarm/)),
  point("tiny: the edge is started", "tiny", waiting(null, /^starting the edge/)),
  point("tiny: linted", "tiny", { on: "begin", phase: "lint", afterMs: 1_000 }),
  point("tiny: abra makes the app", "tiny", { on: "begin", phase: "prepare", afterMs: 1_500 }),
  point("tiny: first layer", "tiny", waiting(null, /^pulling .*: 1 of/)),
  point("tiny: third layer", "tiny", waiting(null, /^pulling .*: 3 of/)),
  point("tiny: head is handed to abra", "tiny", waiting("install", /^no service yet/)),
  point("tiny: head's service is made", "tiny", waiting("install", /not created yet|no task yet|pending|assigned|preparing/)),
  point("tiny: head starts", "tiny", waiting("install", starting)),
  point("tiny: head is held", "tiny", waiting("install", /up, held 0 s/)),
  point("tiny: base starts", "tiny", waiting("upgrade", starting)),
  point("tiny: abra upgrades", "tiny", waiting("upgrade", /not updated yet/)),
  point("tiny: Swarm updates", "tiny", waiting("upgrade", /updating, 0 of 1 up/)),
  point("tiny: the update is watched", "tiny", waiting("upgrade", /updating, 1 of 1 up/)),
  point("custom-html: abra backs up", "custom-html", { on: "begin", phase: "backup", afterMs: 1_000 }),
  point("custom-html: abra restores", "custom-html", { on: "begin", phase: "restore", afterMs: 1_000 }),
  point("custom-html: its tests run", "custom-html", { on: "begin", phase: "custom", afterMs: 700 }),
  point("tiny: halfway through teardown", "tiny", { on: "begin", phase: "teardown", afterMs: 300 }),
  point("tiny: all is said", "tiny", { on: "verdict" }),
  point("tiny: under load", "tiny", waiting("extra", /connections ask for/), "ephemeral", ["--extra"]),
  point("tiny: the node restarts", "tiny", waiting("extra", /no good answer|node was restarted/), "ephemeral", ["--extra"]),
];

/** Its custom tests want a browser, which not every machine has. */
const withoutBrowser = ["--stages", "install,upgrade,backup,restore"];

const applications: readonly Point[] = [
  point("wordpress: layers of three images", "wordpress", waiting(null, /^pulling wordpress.*: 3 of/), "ephemeral", withoutBrowser),
  point("wordpress: the database starts", "wordpress", waiting("install", /db: starting/), "ephemeral", withoutBrowser),
  point("wordpress: Swarm updates", "wordpress", waiting("upgrade", /app: updating/), "ephemeral", withoutBrowser),
  point("wordpress: the dump is made", "wordpress", { on: "begin", phase: "backup", afterMs: 1_500 }, "ephemeral", withoutBrowser),
  point("wordpress: the dump is loaded", "wordpress", { on: "begin", phase: "restore", afterMs: 1_500 }, "ephemeral", withoutBrowser),
  point("wordpress: begin of teardown", "wordpress", { on: "begin", phase: "teardown" }, "ephemeral", withoutBrowser),
];

/** On a Swarm that stays nothing ends by itself: the lease, the guardian and the sweep have to see to it. */
const onServer: readonly Point[] = [
  point("server: begin of fetch", "tiny", { on: "begin", phase: "fetch" }, "local"),
  point("server: abra makes the app", "tiny", { on: "begin", phase: "prepare", afterMs: 700 }, "local"),
  point("server: head is handed to abra", "tiny", waiting("install", /^no service yet/), "local"),
  point("server: head starts", "tiny", waiting("install", starting), "local"),
  point("server: base starts", "tiny", waiting("upgrade", starting), "local"),
  point("server: Swarm updates", "tiny", waiting("upgrade", /updating, 0 of 1 up/), "local"),
  point("server: begin of teardown", "tiny", { on: "begin", phase: "teardown" }, "local"),
  point("server: halfway through teardown", "tiny", { on: "begin", phase: "teardown", afterMs: 500 }, "local"),
];

/** Every boundary of every phase, and waits inside them. */
export const points: readonly Point[] = [...boundaries, ...inside, ...applications, ...onServer];

function point(name: string, fixture: Fixture, moment: Moment, swarm: Point["swarm"] = "ephemeral", flags: readonly string[] = []): Point {
  return { name, fixture, swarm, moment, flags };
}

function waiting(phase: Phase | null, words: RegExp): Moment {
  return { on: "waiting", phase, words };
}
