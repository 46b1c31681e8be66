import { array, constantFrom, integer, option, record, type Arbitrary } from "fast-check";
import { addPoll, applyChange, beginChange, expectServices, newHistory } from "../../../harness/watch/history.ts";
import type { Poll, SeenService, SeenTask } from "../../../harness/watch/observe/seen.ts";
import type { History } from "../../../harness/watch/types.ts";

/** Random histories of a database and an app, for what has to hold for all of them. Times are milliseconds. */

type End = "failed" | "complete" | "rejected" | "unhealthy" | "asked";

export interface Life {
  /** From being created to being started. */
  readonly wait: number;
  readonly life: number;
  /** Null: it never ends. */
  readonly end: End | null;
}

export interface Part {
  readonly checked: boolean;
  readonly condition: "any" | "on-failure" | "none";
  /** Given explicitly. */
  readonly delay: number | null;
  readonly lives: readonly Life[];
}

export interface Story {
  readonly db: Part;
  readonly app: Part;
  /** How long after the last change it is asked. */
  readonly later: number;
}

const life: Arbitrary<Life> = record({
  wait: integer({ min: 0, max: 20_000 }),
  life: constantFrom(0, 200, 1_000, 5_000, 15_000, 40_000, 130_000),
  end: constantFrom<End[]>("failed", "failed", "failed", "failed", "complete", "rejected", "unhealthy", "asked"),
});

const part: Arbitrary<Part> = record({
  checked: constantFrom(true, false),
  condition: constantFrom<Part["condition"][]>("any", "any", "on-failure", "none"),
  delay: option(constantFrom(1_000, 10_000, 15_000), { nil: null, freq: 3 }),
  lives: array(life, { maxLength: 7 }),
}).chain((made) => {
  const goesOn = { ...made, lives: [...made.lives, { wait: 100, life: 0, end: null }] };
  // Without one that goes on, Swarm has given up: one of four.
  return constantFrom(goesOn, goesOn, goesOn, made);
});

export const stories: Arbitrary<Story> = record({ db: part, app: part, later: constantFrom(0, 3_000, 10_000, 60_000, 200_000) });

interface Moment {
  readonly at: number;
  readonly id: string;
  readonly change: Partial<SeenTask>;
}

const start = 1_000_000;

/** All looks that somebody would have taken, each right at a change. */
export function pollsOf(story: Story, shift = 0): Poll[] {
  const parts = Object.entries({ db: story.db, app: story.app });
  const services = parts.map(([name, one]) => serviceOf(name, one, shift));
  const tasks = new Map<string, SeenTask>();
  const moments = parts.flatMap(([name, one]) => momentsOf(name, one, tasks, shift)).sort((a, b) => a.at - b.at);
  const listed = new Map<string, SeenTask>();
  const polls = moments.map(({ at, id, change }): Poll => {
    listed.set(id, { ...(listed.get(id) ?? (tasks.get(id) as SeenTask)), ...change, stateAt: at });
    return { askedAt: at, at, tasks: [...listed.values()], services, nodes: null };
  });
  const end = (polls.at(-1)?.at ?? start + shift) + story.later;
  return [...polls, { askedAt: end, at: end, tasks: [...listed.values()], services, nodes: null }];
}

export function historyOf(story: Story, { needs = true, shift = 0, polls = pollsOf(story, shift) } = {}): { readonly history: History; readonly now: number } {
  const dependencies = new Map([["app", needs ? ["db"] : []], ["db", []]]);
  const begun = beginChange(newHistory({ stack: "s", at: start + shift, dependencies, missingImages: [] }), "deploy", start + shift);
  const declared = applyChange(expectServices(begun, ["db", "app"]));
  return { history: polls.reduce(addPoll, declared), now: polls.at(-1)?.at ?? start + shift };
}

function serviceOf(name: string, { condition, delay }: Part, shift: number): SeenService {
  return {
    id: `${name}-id`, name, version: 1, spec: `${name}-1`, createdAt: start + shift, mode: "replicated", desired: 1, image: `${name}:1`, update: null,
    restart: { condition, delayMs: delay ?? 5_000, delayGiven: delay !== null }, monitorMs: 5_000, memoryLimit: null, hostPorts: [],
  };
}

function momentsOf(name: string, { checked, lives }: Part, tasks: Map<string, SeenTask>, shift: number): Moment[] {
  let at = start + shift + 100;
  return lives.flatMap((one, index) => {
    const id = `${name}-${index}`;
    tasks.set(id, {
      id, serviceId: `${name}-id`, slot: "1", node: "n1", createdAt: at, spec: `${name}-1`, image: `${name}:1`, health: { kind: checked ? "checked" : "none", limitMs: null },
      state: "new", desired: "ready", stateAt: at, message: null, error: null, exitCode: null, container: null,
    });
    const moments: Moment[] = [{ at, id, change: {} }];
    at += one.wait;
    if (one.end !== "rejected") {
      moments.push({ at, id, change: { state: "starting", desired: "running" } });
      if (one.end !== "unhealthy") moments.push({ at: at + 100, id, change: { state: "running" } });
    }
    at += Math.max(150, one.life);
    if (one.end === "asked") moments.push({ at: at - 20, id, change: { desired: "shutdown" } });
    if (one.end !== null) moments.push({ at, id, change: endOf(one.end) });
    return moments;
  });
}

function endOf(end: End): Partial<SeenTask> {
  const failed = { state: "failed", desired: "shutdown", exitCode: 1, error: "task: non-zero exit (1)" };
  switch (end) {
    case "complete":
      return { state: "complete", desired: "shutdown", exitCode: 0 };
    case "rejected":
      return { state: "rejected", desired: "shutdown", error: "invalid mount" };
    case "unhealthy":
      return { ...failed, exitCode: 143, error: "task: non-zero exit (143): dockerexec: unhealthy container" };
    default:
      return failed;
  }
}
