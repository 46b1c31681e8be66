import type Docker from "dockerode";
import type { FindingError } from "../../../harness/base/errors.ts";
import { type Plan, Stack, storeDependencies, storeLoop } from "./stack.ts";

/** What the watch alone needs, on real Swarms: each scenario several times, none of them next to another of its own node. */

export interface Place {
  readonly docker: Docker;
  /** The node's name in the Swarm. */
  readonly node: string;
  readonly signal: AbortSignal;
}

/** How late one verdict came, ms. */
export interface Verdict {
  readonly afterCreated: number;
  /** After Status.Timestamp of the failure that decided it. */
  readonly afterFailure: number;
}

const missing = "nginx:1.27-no-such-tag";
let turn = 0;

/** The three-service stack, until its store is a crash loop. */
export function crashLoop(place: Place): Promise<Verdict> {
  return verdictOn(place, storeLoop, "crash-loop", { dependencies: storeDependencies });
}

/** A registry said that the image does not exist, but it was deployed all the same. */
export function missingImage(place: Place): Promise<Verdict> {
  return verdictOn(place, { app: { image: missing, script: "sleep 1000" } }, "image-missing", { missingImages: [missing] });
}

export function gaveUp(place: Place): Promise<Verdict> {
  return verdictOn(place, { app: { script: "exit 3", restart: "none" } }, "gave-up", {});
}

/** @returns how long after the last task's running timestamp the stack was known to be settled, ms */
export async function healthy(place: Place): Promise<number> {
  const { app, db } = storeLoop as { app: Plan; db: Plan };
  const stack = new Stack(place.docker, nextName(), place.signal);
  try {
    await stack.deploy({ app, db, store: { script: "sleep 1000" } }, place.node);
    await stack.watch.settled({ timeoutMs: 60_000, services: ["app", "db", "store"] });
    const known = Date.now();
    return known - (await stack.runningAt());
  } finally {
    await stack.remove();
  }
}

async function verdictOn(place: Place, plans: Readonly<Record<string, Plan>>, expected: string, options: ConstructorParameters<typeof Stack>[3]): Promise<Verdict> {
  const stack = new Stack(place.docker, nextName(), place.signal, options);
  try {
    const verdict = stack.verdict();
    await stack.deploy(plans, place.node);
    const at = await verdict;
    const { reason } = stack.watch.broken.reason as FindingError;
    if (reason.class !== expected) throw new Error(`bench: ${expected} was expected, the watch said ${reason.class}: ${reason.summary}`);
    const last = stack.watch.report().failures.filter(({ service }) => service === reason.service).at(-1);
    return { afterCreated: at - (await stack.createdAt()), afterFailure: at - (await stack.stampOf(last?.task ?? "")) };
  } finally {
    await stack.remove();
  }
}

const nextName = (): string => `bench${++turn}`;

/** `times` runs on a node, `lanes` of them at once. */
export async function repeat<T>(times: number, lanes: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let left = times;
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (left-- > 0) results.push(await run());
  }));
  return results;
}
