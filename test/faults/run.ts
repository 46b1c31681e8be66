/**
 * Faults from outside the harness, triggered by its stream of events, over real processes of bin/recipe-ci on real Swarms. Goes on
 * after a failure, prints a line a build and at the end what all came to in Markdown, which it writes to DIR/table.md too, and closes
 * with `N passed, N failed`. See arguments.ts for what it may be told.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../harness/base/errors.ts";
import { packageRoot } from "../../harness/base/paths.ts";
import type { Machine } from "../../harness/machine/machine.ts";
import { closingLine } from "../run/tally.ts";
import { testMachine } from "../swarm/host.ts";
import { type Asked, readArguments, usage } from "./arguments.ts";
import type { Case } from "./cases.ts";
import { Here } from "./here.ts";
import { buildMs, play, type Tried } from "./play.ts";
import { playNewer } from "./play-newer.ts";
import { type Done, line, table, untried } from "./report.ts";
import { Server } from "./server.ts";

/** What the recipes of these builds run. */
const images = ["nginx:1.27"];
const wordpress = ["wordpress:6.1.0-apache", "wordpress:6.1.1-apache", "mariadb:10.11"];

const asked = argumentsOrEnd();
if (asked.install) process.env.RECIPE_CI_INSTALL = "1";
const interrupted = new AbortController();
const { signal } = interrupted;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));

const done: Done[] = [];
console.log(`${asked.cases.length} builds, seed ${asked.seed}, ${asked.atOnce} at once`);
try {
  await tryAll(await testMachine([...images, ...(asked.cases.some(({ fixture }) => fixture === "wordpress") ? wordpress : [])], signal));
} catch (error) {
  console.error(messageOf(error));
}
sumUp();

/** Those on the Swarm that stays are one of the builds that go on at once; the soak comes last and has all the room. */
async function tryAll(machine: Machine): Promise<void> {
  const groups = Object.groupBy(asked.cases, ({ group, swarm }) => (group === "soak" ? "soak" : swarm));
  const { ephemeral = [], local = [], soak = [] } = groups;
  await Promise.all([abreast(machine, ephemeral, local.length > 0 ? Math.max(1, asked.atOnce - 1) : asked.atOnce), allOnServer(machine, local)]);
  await abreast(machine, soak, asked.atOnce);
}

/** So many builds at a time, each with what it has of its own. */
async function abreast(machine: Machine, cases: readonly Case[], atOnce: number): Promise<void> {
  const waiting = [...cases];
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined && !signal.aborted; one = waiting.shift()) await tryOne(one, () => hereAlone(one, machine));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function hereAlone(one: Case, on: Machine): Promise<Tried> {
  const ground = await Here.open(on, buildMs);
  try {
    return await play(one, ground, keptOf(one), signal);
  } finally {
    await ground.close();
  }
}

/** One after the other, since they share the Swarm; a server that was spoilt is replaced. */
async function allOnServer(machine: Machine, cases: readonly Case[]): Promise<void> {
  let server: Server | null = null;
  for (const one of cases) {
    if (signal.aborted) break;
    const good = await tryOne(one, async () => {
      server ??= await Server.start(machine, buildMs, signal);
      return one.action.kind === "newer-beside" ? playNewer(one, server, keptOf(one), signal) : play(one, server, keptOf(one), signal);
    });
    if (good) continue;
    await (server as Server | null)?.close().catch(() => {});
    server = null;
  }
  await (server as Server | null)?.close();
}

/** Never throws: what could not be tried is no success. */
async function tryOne(one: Case, attempt: () => Promise<Tried>): Promise<boolean> {
  const started = performance.now();
  const tried = await attempt().catch((error: unknown): Tried => ({
    name: one.name, group: one.group, wrong: [`could not be tried: ${messageOf(error)}`], came: "nothing", leftAtEnd: 0, goneBy: "at once", tookMs: performance.now() - started,
  }));
  const result = { one, tried };
  done.push(result);
  console.log(`${`${done.length}/${asked.cases.length}`.padStart(7)} ${line(result, asked.seed)}`);
  return tried.wrong.length === 0;
}

/** Where a failed build's results are kept. */
function keptOf({ name }: Case): string {
  const folder = join(asked.out, name.replaceAll(/[^A-Za-z0-9]+/g, "-"));
  rmSync(folder, { recursive: true, force: true });
  return folder;
}

function sumUp(): void {
  const about = `${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; seed ${asked.seed}.`;
  const text = [table(done), untried(), about].join("\n\n");
  console.log(`\n${text}\n`);
  mkdirSync(asked.out, { recursive: true });
  writeFileSync(join(asked.out, "table.md"), `${text}\n`);
  const left = asked.cases.length - done.length;
  if (left > 0) console.log(`${left} not tried${signal.aborted ? `: ${messageOf(signal.reason)}` : ""}`);
  const failed = done.filter(({ tried }) => tried.wrong.length > 0);
  for (const result of failed) console.log(line(result, asked.seed));
  console.log(closingLine([{ passed: done.length - failed.length, failed: failed.length + left }]));
  process.exitCode = failed.length + left === 0 ? 0 : 1;
}

/** Bad arguments end the program with one line and exit code 2. */
function argumentsOrEnd(): Asked {
  try {
    // npm runs scripts in the package's folder and keeps the caller's in INIT_CWD.
    const from = process.env.INIT_CWD ?? process.cwd();
    return readArguments(process.argv.slice(2), { from, defaultOut: join(packageRoot, "out/faults"), anySeed: Math.trunc(Math.random() * 2 ** 29) });
  } catch (error) {
    console.error(`test/faults/run.ts: ${messageOf(error).split("\n")[0]}; usage: ${usage}`);
    process.exit(2);
  }
}
