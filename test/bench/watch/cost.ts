/**
 * `node cost.ts`: what a watch costs with 50 services and 500 listed tasks, and what 10,000 failures leave in memory, against a
 * replayed engine in a process of its own. Prints one line of JSON: see `Cost`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import Docker from "dockerode";
import { Mask } from "../../../harness/base/mask.ts";
import { pause, waitFor } from "../../../harness/base/wait.ts";
import { startWatch } from "../../../harness/watch/watch.ts";
import type { Cost } from "./cost-shape.ts";

const services = 50;
const replicas = 2;
/** Failures until the history has as many of each slot as it ever keeps, and all of them. */
const [half, all] = [5_000, 10_000];

setFlagsFromString("--expose_gc");
const collectGarbage = runInNewContext("gc") as () => void;
const signal = AbortSignal.timeout(300_000);
const engine = spawn(process.execPath, [join(import.meta.dirname, "replayed.ts"), String(services), String(replicas)], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const port = await portOf(engine);
  const base = `http://127.0.0.1:${port}`;
  const post = async (path: string) => Number(await (await fetch(`${base}${path}`, { method: "POST", signal })).text());
  const dependencies = new Map(Array.from({ length: services - 1 }, (_, index) => [`service${index + 1}`, [`service${index}`]]));
  const watch = startWatch({ docker: new Docker({ protocol: "http", host: "127.0.0.1", port }), stack: "bench", dependencies, missingImages: [], mask: new Mask(), signal });
  // Else its first verdict would end the judging that is to be measured.
  watch.disturb({ targets: ["*"], forMs: 3_600_000, why: "bench" });
  await watch.beforeChange("bench");
  watch.afterChange();

  // The start wakes it, and the logs of all that has failed are read.
  await measured(5_000, async () => {});
  const idle = await leastMeasured();
  const hot = await measured(8_000, async () => void (await post("/wake")));
  const before = memory();
  let failures = await failUntil(half, post);
  const atHalf = memory();
  failures = await failUntil(all, post);
  const after = memory();
  await measured(2_000, async () => {});
  const idleAfter = await leastMeasured();
  const counted = Object.values(watch.report().restarts).reduce((sum, count) => sum + count, 0);
  await watch.stop();
  const cost: Cost = { services, tasks: services * replicas * 5, idle, hot, idleAfter, failures, counted, before, atHalf, after };
  console.log(JSON.stringify(cost));
} finally {
  engine.kill();
}

async function portOf(child: ChildProcess): Promise<number> {
  for await (const chunk of child.stdout ?? []) return Number(String(chunk));
  throw new Error("bench: the replayed engine ended");
}

/** The least of five windows: what else runs on the machine can only add, by taking caches and cores. */
async function leastMeasured(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let window = 0; window < 5; window++) least = Math.min(least, await measured(10_000, async () => {}));
  return least;
}

/** @returns percent of one core that this process used for `ms` */
async function measured(ms: number, step: () => Promise<void>): Promise<number> {
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  while (performance.now() - started < ms) {
    await step();
    await pause(250, signal);
  }
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 10 / (performance.now() - started);
}

/** One more failure of each slot, as often as it takes; the engine answers when the watch has seen it. */
async function failUntil(wanted: number, post: (path: string) => Promise<number>): Promise<number> {
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
