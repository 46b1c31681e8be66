/**
 * `node test/recorder/record.ts [--out DIR] [NAME...]`: plays plots on real throwaway Swarms and writes what the engine
 * answered, byte for byte. Without a name, all.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { provision } from "../../harness/machine/machine.ts";
import { handOver } from "../../harness/swarm/ephemeral/image.ts";
import { startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { Engine } from "./engine.ts";
import type { Plot } from "./plots/plot.ts";
import { stacks } from "./plots/stacks.ts";
import { twoNodes } from "./plots/two-nodes.ts";
import { upgrades } from "./plots/upgrades.ts";
import { Recorder } from "./recorder.ts";

const image = "nginx:1.27";
/** So many plots at once, each begun so much after the other. */
const abreast = 10;
const apartMs = 2_000;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort(new Error(`interrupted by ${signal}`)));

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: "string", default: join(import.meta.dirname, "../unit/watch/corpus/recordings") } } });
const all = [...stacks, ...upgrades, ...twoNodes];
const unknown = positionals.filter((name) => !all.some((plot) => plot.name === name));
if (unknown.length > 0) {
  console.error(`test/recorder/record.ts: unknown plot ${unknown.join(", ")}`);
  process.exit(2);
}
mkdirSync(values.out, { recursive: true });
const wanted = positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));
const failures: string[] = [];
for (const [kind, plots] of Map.groupBy(wanted, ({ swarm }) => swarm ?? "one")) await onSwarm(kind, plots);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length > 0 ? 1 : 0;

async function onSwarm(kind: NonNullable<Plot["swarm"]>, plots: readonly Plot[]): Promise<void> {
  const machine = await provision({ install: true, ask: async () => false, seeds: [image], standIn: true, log: console.log, signal: stop.signal });
  const runId = `a-record-${kind}-${process.pid}`;
  const swarm = await startThrowaway({ host: machine.docker, nodeImage: machine.nodeImage, edgeImage: machine.edgeImage, runId, nodes: kind === "two" ? 2 : 1, waitForEdge: false, signal: stop.signal });
  try {
    await Promise.all(swarm.nodes.map(({ docker }) => handOver(machine.docker, docker, image, stop.signal)));
    if (kind === "forgetful") await forget(swarm);
    const nodes = await Promise.all(swarm.nodes.map(async ({ container, ports }) => ({
      pid: (await container.inspect()).State.Pid,
      engine: new Engine(ports.docker, stop.signal),
    })));
    const recorder = new Recorder({ swarm, nodes, out: values.out, signal: stop.signal });
    // The long ones first: the others fill what is left.
    const long = plots.filter(({ alone }) => !alone).toSorted((a, b) => b.seconds - a.seconds);
    await Promise.all(Array.from({ length: abreast }, (_, lane) => play(recorder, long, lane * apartMs)));
    for (const plot of plots.filter(({ alone }) => alone)) await tried(recorder, plot, 0);
  } finally {
    await swarm.close();
  }
}

async function play(recorder: Recorder, left: Plot[], delayMs: number): Promise<void> {
  for (let plot = left.shift(), delay = delayMs; plot && !stop.signal.aborted; plot = left.shift(), delay = apartMs) {
    await tried(recorder, plot, delay);
  }
}

async function tried(recorder: Recorder, plot: Plot, delayMs: number): Promise<void> {
  try {
    const { bytes, lines } = await recorder.record(plot, delayMs);
    console.log(`${plot.name}: ${plot.seconds} s, ${lines} lines, ${Math.round(bytes / 1024)} KiB`);
  } catch (error) {
    failures.push(`${plot.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Ended tasks are forgotten at once. */
async function forget({ docker }: Throwaway): Promise<void> {
  const { Version, Spec } = (await docker.swarmInspect()) as { Version: { Index: number }; Spec: object };
  await docker.swarmUpdate({ version: Version.Index, ...Spec, Orchestration: { TaskHistoryRetentionLimit: 0 } });
}
