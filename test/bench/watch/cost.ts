/**
 * `node cost.ts`: what a watch costs with 50 services and 500 tasks, and what 10,000 failures leave in memory, against replayed
 * engines in processes of their own. Prints one line of JSON: see `Cost`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import Docker from "dockerode";
import { Mask } from "../../../harness/base/mask.ts";
import { pause, waitFor } from "../../../harness/base/wait.ts";
import { startWatch, type Watch } from "../../../harness/watch/watch.ts";
import type { Cost } from "./cost-shape.ts";

const services = 50;
/** What Swarm lists of a slot; half and all of the failures of the second part. */
const [listedOfSlot, half, all] = [5, 5_000, 10_000];

setFlagsFromString("--expose_gc");
const collectGarbage = runInNewContext("gc") as () => void;
const signal = AbortSignal.timeout(420_000);

/** Asks something of the replayed engine. @returns how many tasks have failed so far */
type Post = (path: "/fail" | "/wake") => Promise<number>;

const single = await withWatch(1, async (_, post) => {
  // As many again as are listed: the history keeps what Swarm has forgotten.
  await failUntil(services * (2 * listedOfSlot - 1), post);
  await used(3_000, async () => {});
  return { idle: await leastUsed(), hot: await used(8_000, async () => void (await post("/wake"))) };
});
const double = await withWatch(2, async (watch, post) => {
  await used(3_000, async () => {});
  const idle = await leastUsed();
  const hot = await used(8_000, async () => void (await post("/wake")));
  const before = memory();
  await failUntil(half, post);
  const atHalf = memory();
  const failures = await failUntil(all, post);
  const after = memory();
  await used(2_000, async () => {});
  const idleAfter = await leastUsed();
  const counted = Object.values(watch.report().restarts).reduce((sum, count) => sum + count, 0);
  // Those that were listed before it began are not the first look's failures.
  if (counted < failures - 2 * services * listedOfSlot) throw new Error(`bench: ${failures} tasks failed, the watch knows of ${counted}`);
  return { idle, hot, idleAfter, failures, before, atHalf, after };
});
const cost: Cost = { services, tasks: services * 2 * listedOfSlot, single, double };
console.log(JSON.stringify(cost));

/** A watch on a replayed stack of 50 services; when it begins, each slot has four failures and a live task. */
async function withWatch<T>(replicas: number, use: (watch: Watch, post: Post) => Promise<T>): Promise<T> {
  const engine = spawn(process.execPath, [join(import.meta.dirname, "replayed.ts"), String(services), String(replicas)], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await portOf(engine);
    const docker = new Docker({ protocol: "http", host: "127.0.0.1", port });
    const dependencies = new Map(Array.from({ length: services - 1 }, (_, index) => [`service${index + 1}`, [`service${index}`]]));
    const watch = startWatch({ docker, stack: "bench", dependencies, missingImages: [], mask: new Mask(), signal });
    // Else its first verdict would end the judging that is to be measured.
    watch.disturb({ targets: ["*"], forMs: 3_600_000, why: "bench" });
    await watch.beforeChange("bench");
    watch.afterChange();
    const result = await use(watch, async (path) => Number(await (await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", signal })).text()));
    await watch.stop();
    return result;
  } finally {
    engine.kill();
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  for await (const chunk of child.stdout ?? []) return Number(String(chunk));
  throw new Error("bench: the replayed engine ended");
}

/** The least of five windows: what else runs on the machine can only add, by taking caches and cores. */
async function leastUsed(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let window = 0; window < 5; window++) least = Math.min(least, await used(10_000, async () => {}));
  return least;
}

/** @returns percent of one core that this process used for `ms` */
async function used(ms: number, step: () => Promise<void>): Promise<number> {
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  while (performance.now() - started < ms) {
    await step();
    await pause(250, signal);
  }
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 10 / (performance.now() - started);
}

/** One more failure of each slot, as often as it takes; the engine answers when the watch has seen it. */
async function failUntil(wanted: number, post: Post): Promise<number> {
  return waitFor(async () => {
    const failures = await post("/fail");
    return failures >= wanted ? { done: true, value: failures } : { done: false, saw: `${failures} failures` };
  }, { what: `${wanted} failures`, timeoutMs: 120_000, intervalMs: 1, maxIntervalMs: 1, signal });
}

/** @returns MB */
function memory(): { rss: number; heap: number } {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / 1e6, heap: heapUsed / 1e6 };
}
