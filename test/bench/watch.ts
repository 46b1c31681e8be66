/**
 * `npm run bench:watch`: how soon the watch knows, what it costs, and what today's waits make of the same stacks. Real Swarms,
 * all of them thrown away; side by side in one run. Prints a table in Markdown; exit code 1 where a figure is over its bound.
 */
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { standInMounts } from "../../harness/abra/standIn.ts";
import { command } from "../../harness/base/command.ts";
import { packageRoot } from "../../harness/base/paths.ts";
import type { Machine } from "../../harness/machine/machine.ts";
import { handOver } from "../../harness/swarm/ephemeral/image.ts";
import { startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { newRunId, testMachine } from "../swarm/host.ts";
import { Lab } from "../swarm/support/lab.ts";
import type { Cost } from "./watch/cost-shape.ts";
import { allKept, type Row, table } from "./watch/figures.ts";
import { dockerFlags, Others } from "./watch/others.ts";
import { costRows, gaveUpRow, healthyRow, loopRow, missingRow } from "./watch/rows.ts";
import { crashLoop, gaveUp, healthy, missingImage, type Place, repeat } from "./watch/scenarios.ts";
import { databaseImage, webImage } from "./watch/stack.ts";
import { onShared, onThrowaway } from "./watch/whole.ts";

const { values } = parseArgs({ options: { install: { type: "boolean", default: false }, times: { type: "string", default: "10" } } });
const times = Number(values.times);
if (!Number.isInteger(times) || times < 1) {
  console.error(`bench: --times ${values.times}: give a whole number from 1`);
  process.exit(2);
}
if (values.install) process.env.RECIPE_CI_INSTALL = "1";

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(45 * 60_000)]);
const images = [webImage, databaseImage];

say("this machine: images and node");
const machine = await testMachine(images, signal);
const lab = await Lab.open();
try {
  const rows = await measure();
  const { Version: version } = await machine.docker.version();
  console.log(`\n${table(rows)}\n\n${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; engine ${version}; ${times} repetitions.`);
  process.exitCode = allKept(rows) ? 0 : 1;
} finally {
  await lab.close();
}

async function measure(): Promise<Row[]> {
  const [loop, missing, tiny] = [await lab.recipe("store-loop"), await lab.recipe("broken-image"), await lab.recipe("tiny")];
  say("whole runs on throwaway Swarms");
  const throwaway = await onThrowaway(lab, loop, "loop", signal);
  const prepulled = await onThrowaway(lab, missing, "missing", signal);

  say("the same on a shared Swarm, and today's waits there");
  const [shared, said] = await onServer(1, async (server) => [await onShared(server, loop, signal), await todaysWaits(server, { loop, missing, tiny })] as const);

  say(`the watch alone on two nodes, ${times} times each`);
  const alone = await onServer(2, async (server) => {
    const [first, second] = ["node1", "node2"].map((node): Place => ({ docker: server.docker, node, signal })) as [Place, Place];
    // One after the other on a node: a stack that comes up has it for itself, as it does in a build.
    const missed = await repeat(times, 1, () => missingImage(first));
    const given = await repeat(times, 1, () => gaveUp(first));
    const settled = await repeat(times, 1, () => healthy(first));
    const [here, there] = await Promise.all([repeat(times, 1, () => crashLoop(first)), repeat(times, 1, () => crashLoop(second))]);
    return { missed, given, settled, here, there };
  });

  say("what it costs, against a replayed engine on loopback");
  const ran = await command([process.execPath, join(import.meta.dirname, "watch/cost.ts")], { timeoutMs: 480_000, signal });
  if (ran.exitCode !== 0) throw new Error(`bench: cost.ts: ${ran.stderr}`);
  return [
    loopRow({ throwaway, shared, here: alone.here, there: alone.there }, said.loop),
    missingRow(prepulled, alone.missed, said.missing),
    gaveUpRow(alone.given, said.gaveUp),
    healthyRow(alone.settled, said.healthy),
    ...costRows(JSON.parse(ran.stdout) as Cost),
  ];
}

/** All of them at once: they do nothing but wait. */
async function todaysWaits(server: Throwaway, { loop, missing, tiny }: Record<"loop" | "missing" | "tiny", string>) {
  const others = new Others(server, signal);
  const once = (services: Record<string, Record<string, unknown>>) =>
    Object.assign(services.app ?? {}, { command: ["sh", "-c", "exit 3"], deploy: { ...(services.app?.deploy as object), restart_policy: { condition: "none" } } });
  const healthyPair = { abra: await others.abra({ dir: tiny, name: "tiny" }, "healthy.ci.test"), docker: await others.docker("healthy", dockerFlags.healthy) };
  const pair = async (abra: Promise<string>, docker: Promise<string>) => ({ abra: await abra, docker: await docker });
  const [loops, misses, gives] = await Promise.all([
    pair(others.abra({ dir: loop, name: "store-loop" }, "loop.ci.test"), others.docker("loop", dockerFlags.loop)),
    pair(others.abra({ dir: missing, name: "broken-image" }, "missing.ci.test"), others.docker("missing", dockerFlags.missing)),
    pair(others.abra({ dir: tiny, name: "tiny-once", change: once }, "once.ci.test"), others.docker("once", dockerFlags.gaveUp)),
  ]);
  return { healthy: healthyPair, loop: loops, missing: misses, gaveUp: gives };
}

/** A Swarm with the images on every node, the checkout and the recipes in it; gone afterwards, whatever comes. */
async function onServer<T>(nodes: number, use: (server: Throwaway) => Promise<T>): Promise<T> {
  const mounts = [...[packageRoot, lab.path("recipes")].map((path) => ({ source: path, target: path })), ...standInMounts(packageRoot)];
  const { docker: host, nodeImage, edgeImage }: Machine = machine;
  const server = await startThrowaway({ host, nodeImage, edgeImage, runId: newRunId("bench-watch"), mounts, nodes, signal });
  try {
    for (const node of server.nodes) for (const image of images) await handOver(host, node.docker, image, signal);
    return await use(server);
  } finally {
    const left = await server.close();
    if (left.length > 0) console.error(`bench: left behind: ${left.map(({ remove }) => remove).join("; ")}`);
  }
}

function say(what: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${what}`);
}
