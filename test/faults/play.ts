import { messageOf } from "../../harness/base/errors.ts";
import { pause, waitFor, WaitTimeout } from "../../harness/base/wait.ts";
import type { BuildEvent } from "../../harness/build/events.ts";
import type { Verdict } from "../../reports/results.ts";
import { type Armed, nothing } from "./act/armed.ts";
import { type Case, longestMs, undisturbed } from "./cases.ts";
import type { Ground, Running } from "./ground.ts";
import { type Expected, type Found, type Seen, wrongs } from "./outcome.ts";
import { isAt } from "./points.ts";

/** What one case came to. */
export interface Tried {
  readonly name: string;
  readonly group: Case["group"];
  /** What is wrong, a line each; empty: the build bore it. */
  readonly wrong: readonly string[];
  /** What the struck build said, and why; how it ended where it had no chance to. */
  readonly came: string;
  /** What was there when it had ended, and how that went. */
  readonly leftAtEnd: number;
  readonly goneBy: "at once" | "within a minute" | "a sweep" | "not at all";
  readonly tookMs: number;
}

/** A process that was told to end may be seen for so long, milliseconds. */
const endingMs = 1_000;
/** What is left goes by itself within this time, milliseconds. */
const goneMs = 60_000;
/** A build whose moment never comes is ended by this limit, milliseconds. */
export const buildMs = longestMs + 60_000;

/** One build as it goes by. */
interface Going {
  /** All but what is left of it, once its process has ended. */
  readonly ended: Promise<Ended>;
}

type Ended = Omit<Seen, "results" | "leftAtEnd" | "left"> & { readonly output: string };

/**
 * Plays one case: starts the build, strikes at its moment, waits for its end, and looks at what it said and left. Two builds where
 * only one is struck: the other has to go on as if nothing were.
 * @throws Error where the case itself could not be played; the signal's reason
 */
export async function play(one: Case, ground: Ground, keepIn: string, signal: AbortSignal): Promise<Tried> {
  const started = performance.now();
  const armed = await ground.arm(one, "hit");
  try {
    const hit = await begin(ground, one, armed, "hit", signal);
    const beside = one.action.kind === "one-of-two-killed" ? await begin(ground, one, nothing, "beside", signal) : null;
    const ended = await hit.ended;
    const besideEnded = await beside?.ended;
    await armed.relieve();
    signal.throwIfAborted();
    const [left, results] = [await leftBy(ground, signal), await ground.results("hit")];
    const wrong = [
      ...wrongs({ ...ended, results, leftAtEnd: left.atEnd, left: left.still }, one.expected),
      ...(besideEnded ? (await wrongsBeside(ground, besideEnded)) : []),
    ];
    if (wrong.length > 0) await keepAll(ground, ["hit", ...(beside ? ["beside"] : [])], keepIn);
    return { name: one.name, group: one.group, wrong: [...wrong, ...(wrong.length > 0 ? lastWords(ended) : [])], came: cameTo(ended, results), leftAtEnd: left.atEnd.length, goneBy: left.goneBy, tookMs: performance.now() - started };
  } finally {
    await armed.relieve().catch(() => {});
    await armed.close();
  }
}

/** In short, for people: the verdict and why, else how the process ended. */
export function cameTo({ said, code }: Ended, results: Found): string {
  const reason = results.is === "valid" ? results.value.reason : null;
  return `${said ?? code ?? "nothing"}${reason ? ` (${reason.class})` : ""}`;
}

/** What is wrong with a build that nothing struck. What is left is the struck one's business. */
export async function wrongsBeside(ground: Ground, ended: Ended, expected: Expected = undisturbed): Promise<string[]> {
  const seen = { ...ended, results: await ground.results("beside"), leftAtEnd: [], left: [] };
  return wrongs(seen, expected).map((line) => `the build beside it: ${line}`);
}

export async function keepAll(ground: Ground, outs: readonly string[], keepIn: string): Promise<void> {
  for (const out of outs) await ground.keep(out, `${keepIn}/${out}`).catch(() => {});
}

/** Whose end nobody understands is best told by its own last words. */
export function lastWords({ output, code }: Ended): string[] {
  const said = output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("{")).slice(-3);
  return typeof code === "number" && said.length > 0 ? [`it said: ${said.join(" / ").slice(0, 500)}`] : [];
}

/** Starts a build that is struck at the case's moment, once. An interrupt of the tests is one of the build's. */
export async function begin(ground: Ground, one: Case, armed: Armed, out: string, signal: AbortSignal, start: Ground["start"] = ground.start.bind(ground)): Promise<Going> {
  signal.throwIfAborted();
  let [run, said, struckAt] = ["", null as Verdict | null, 0];
  let missed: string | null = armed === nothing ? null : "its moment never came";
  let striking: Promise<void> | null = null;
  const { promise: ready, resolve } = Promise.withResolvers<Running>();
  const strike = async () => {
    const running = await ready;
    await pause(one.moment.afterMs ?? 0, signal);
    struckAt = performance.now();
    try {
      await armed.strike({ run, kill: (name) => running.kill(name) }, signal);
      missed = null;
    } catch (error) {
      missed = messageOf(error);
    }
  };
  const onEvent = (event: BuildEvent) => {
    if (event.type === "build") run = event.run;
    if (event.type === "verdict") said = event.verdict;
    if (striking === null && armed !== nothing && isAt(one.moment, event)) striking = strike().catch(() => {});
  };
  const startedAt = performance.now();
  const running = await start(one, armed, out, onEvent);
  resolve(running);
  const interrupt = () => void running.kill("SIGINT").catch(() => {});
  signal.addEventListener("abort", interrupt, { once: true });
  const ended = running.ended.then(async ({ code, output }): Promise<Ended> => {
    const endedAt = performance.now();
    signal.removeEventListener("abort", interrupt);
    await striking;
    const from = struckAt || startedAt;
    return { missed, code, said, writable: one.writable, endedMs: Math.max(0, endedAt - from), output };
  });
  // Whoever started another build first awaits it later.
  ended.catch(() => {});
  return { ended };
}

/** What is left when all have ended; what goes by itself gets a minute, and what does not one sweep. */
export async function leftBy(ground: Ground, signal: AbortSignal, sweep: () => Promise<unknown> = () => ground.sweep()): Promise<{ atEnd: string[]; still: string[]; goneBy: Tried["goneBy"] }> {
  if (await goes(ground, endingMs, signal)) return { atEnd: [], still: [], goneBy: "at once" };
  const atEnd = await ground.left();
  if (await goes(ground, goneMs, signal)) return { atEnd, still: [], goneBy: "within a minute" };
  await sweep();
  const still = await ground.left();
  return { atEnd, still, goneBy: still.length === 0 ? "a sweep" : "not at all" };
}

async function goes(ground: Ground, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const look = async () => {
    const left = await ground.left();
    return left.length === 0 ? ({ done: true, value: true } as const) : ({ done: false, saw: left.join(", ") } as const);
  };
  try {
    return await waitFor(look, { what: "what the build left to go", timeoutMs, signal, maxIntervalMs: 1_000 });
  } catch (error) {
    if (error instanceof WaitTimeout) return false;
    throw error;
  }
}
