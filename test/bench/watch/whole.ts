import { join } from "node:path";
import { packageRoot } from "../../../harness/base/paths.ts";
import type { BuildEvent } from "../../../harness/build/events.ts";
import type { Throwaway } from "../../../harness/swarm/ephemeral/start.ts";
import { residueOf } from "../../../harness/swarm/residue.ts";
import { type Results, resultsSchema } from "../../../reports/results.ts";
import { type Lab, standIn } from "../../swarm/support/lab.ts";

/** Whole runs of `bin/recipe-ci`: what a maintainer waits for, from the command to the prompt. */

export interface Whole {
  readonly results: Results;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** When each phase ended. */
  readonly ended: ReadonlyMap<string, number>;
}

/** On a throwaway Swarm of its own; nothing may be left on this machine. @throws Error where something is */
export async function onThrowaway(lab: Lab, repo: string, out: string, signal: AbortSignal): Promise<Whole> {
  signal.throwIfAborted();
  const ended = new Map<string, number>();
  const startedAt = Date.now();
  const outcome = await lab.run([repo, "--json"], { out, onEvent: (event) => note(event, ended) });
  const endedAt = Date.now();
  if (!lab.hasResults(out)) throw new Error(`bench: recipe-ci left no results: ${outcome.stderr}`);
  const results = lab.results(out);
  const left = [...(await lab.host.left(results.run.id)), ...(await lab.leftovers())];
  return checked({ results, startedAt, endedAt, ended }, left);
}

/** On the Swarm that the server's own Docker context names, inside its node; only what is its own may be gone or new. */
export async function onShared(server: Throwaway, repo: string, signal: AbortSignal): Promise<Whole> {
  const dir = "/var/tmp/bench-run";
  await writeHostConfig(server, `${dir}/host.json`);
  const before = await server.inventory();
  const ended = new Map<string, number>();
  const argv = ["env", "-u", "DOCKER_HOST", join(packageRoot, "bin/recipe-ci"), "run", repo, "--swarm", "local", "--host-config", `${dir}/host.json`, "--abra", standIn, "--json", "--out", `${dir}/out`];
  const env = { RECIPE_CI_STATE: `${dir}/state`, RECIPE_CI_CACHE: `${dir}/cache`, HOME: dir, TMPDIR: dir };
  const startedAt = Date.now();
  const ran = await server.shell.exec(argv, { timeoutMs: 240_000, signal, env, onLine: eventsOf((event) => note(event, ended)) });
  const endedAt = Date.now();
  const text = await server.shell.readFile(`${dir}/out/results.json`).catch(() => {
    throw new Error(`bench: recipe-ci left no results: ${ran.stderr || ran.stdout}`);
  });
  const residue = residueOf(before, await server.inventory());
  return checked({ results: resultsSchema.parse(JSON.parse(text)), startedAt, endedAt, ended }, residue.map(({ kind, name }) => `${kind} ${name}`));
}

async function writeHostConfig(server: Throwaway, file: string): Promise<void> {
  const { trust, baseDomain } = server.edge;
  if (trust === "public") throw new Error("bench: a throwaway edge has a CA of its own");
  const ca = join(file, "../ca.pem");
  await server.shell.putFile(ca, trust.ca);
  await server.shell.putFile(file, JSON.stringify({ baseDomain, edge: { address: "127.0.0.1", httpsPort: 443, httpPort: 80, ca } }));
}

function note(event: BuildEvent, ended: Map<string, number>): void {
  if (event.type === "phase-end") ended.set(event.phase, Date.now());
}

function eventsOf(onEvent: (event: BuildEvent) => void): (line: string) => void {
  return (line) => {
    if (line.startsWith("{")) onEvent(JSON.parse(line) as BuildEvent);
  };
}

/** A run whose verdict or teardown is not what it has to be is measured for nothing. */
function checked(whole: Whole, left: readonly string[]): Whole {
  const { verdict, teardown, reason } = whole.results;
  if (verdict !== "failed") throw new Error(`bench: the run was ${verdict}: ${reason?.summary ?? "no reason"}`);
  if (teardown.status !== "clean" || left.length > 0) throw new Error(`bench: left behind: ${[...left, ...teardown.residue.map(({ name }) => name)].join(", ")}`);
  return whole;
}
