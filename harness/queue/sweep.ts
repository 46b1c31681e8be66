import type Docker from "dockerode";
import { messageOf } from "../base/errors.ts";
import type { ProcessIdentity } from "../base/processIdentity.ts";
import { pause } from "../base/wait.ts";
import { bounded, unlessGone } from "../swarm/bounded.ts";
import { removeStack } from "../swarm/removal.ts";
import type { Residue } from "../swarm/types.ts";
import { beatEveryMs, judgeLease, type Judged, type Sighting, sightings } from "./judgeLease.ts";
import { leaseLabel, type LeaseRecord, type Reading, readLabels } from "./leaseRecord.ts";

const callMs = 20_000;

/** One stack with all that carries its name may take this long to go, milliseconds. */
const removalMs = 180_000;

/** One lease, what it is, and what was done about it. */
export interface Swept extends Judged {
  /** The run, or the object's name where nobody can read whose it is. */
  readonly run: string;
  /** What it owns on this Swarm. */
  readonly owns: readonly string[];
  /** What could not be removed; null where nothing was tried. */
  readonly left: readonly Residue[] | null;
}

export interface SweepOptions {
  readonly docker: Docker;
  readonly here: ProcessIdentity;
  /** A run whose lease is nobody's business here: the sweeper's own. */
  readonly except?: string;
  /** Only says what it would do. */
  readonly dryRun: boolean;
  /** Waits for leases that are silent until they have moved or are dead; without it one look has to do. */
  readonly patient: boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Looked {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly reading: Reading;
}

/**
 * Takes down what dead runs left on a Swarm, and nothing else: never what lives or is kept, what a newer recipe-ci wrote, or what
 * can't be proved to be a lease. Two sweepers at once do no harm.
 * @returns a line for every lease that there is; none: there was nothing to look at
 * @throws the engine's error where leases can't be listed at all; the signal's reason
 */
export async function sweepSwarm(o: SweepOptions): Promise<Swept[]> {
  let known: ReadonlyMap<string, Sighting> = new Map();
  const done = new Map<string, Swept>();
  for (;;) {
    const looked = (await look(o)).filter(({ id, reading }) => !done.has(id) && !isOwn(o, reading));
    const nowMs = performance.now();
    known = sightings(known, looked, nowMs);
    const waiting: Looked[] = [];
    for (const one of looked) {
      const judged = judgeLease(known.get(one.id) as Sighting, o.here, { nowMs, today: Date.now() });
      if (judged.is === "silent" && o.patient) waiting.push(one);
      else done.set(one.id, await sweepOne(o, one, judged));
    }
    if (waiting.length === 0) return [...done.values()];
    o.log(`${waiting.length} lease(s) to be watched for a sign of life`);
    await pause(beatEveryMs, o.signal);
  }
}

async function look({ docker, signal }: SweepOptions): Promise<Looked[]> {
  const filters = { label: [leaseLabel] };
  const found = (await bounded("docker config ls", docker.listConfigs({ filters }), callMs, signal)) as { ID: string; Version: { Index: number }; Spec: { Name: string; Labels?: Record<string, string> } }[];
  return found.flatMap(({ ID: id, Version, Spec }) => {
    const reading = readLabels(Spec.Labels);
    return reading ? [{ id, name: Spec.Name, version: Version.Index, reading }] : [];
  });
}

function isOwn({ except }: SweepOptions, reading: Reading): boolean {
  return reading.kind === "lease" && reading.record.run === except;
}

async function sweepOne(o: SweepOptions, { id, name, reading }: Looked, judged: Judged): Promise<Swept> {
  const record = reading.kind === "lease" ? reading.record : null;
  const swept = { ...judged, run: record?.run ?? name, owns: record?.owns.map((one) => one.name) ?? [] };
  if (judged.is !== "dead" || record === null || o.dryRun) return { ...swept, left: null };
  o.log(`run ${record.run}: ${judged.why}; taking down ${swept.owns.join(", ") || "its lease"}`);
  return { ...swept, left: await takeDown(o, { name: id }, record) };
}

/**
 * What the run owned, newest first, then its lease: which stays where something of it stays, so that the next sweep tries again.
 * @param lease by id or name
 */
export async function takeDown({ docker, log, signal }: Pick<SweepOptions, "docker" | "log" | "signal">, lease: { readonly name: string }, record: LeaseRecord): Promise<Residue[]> {
  const left: Residue[] = [];
  for (const { name } of record.owns.toReversed()) {
    left.push(...(await removeStack(docker, name, { budgetMs: removalMs, signal, log })));
  }
  if (left.length > 0) return left;
  try {
    await unlessGone(bounded("docker config rm", docker.getConfig(lease.name).remove(), callMs, signal));
    return [];
  } catch (error) {
    signal.throwIfAborted();
    return [{ kind: "config", id: lease.name, name: `lease of run ${record.run}: ${messageOf(error)}`, remove: `docker config rm ${lease.name}` }];
  }
}
