import type Docker from "dockerode";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Kind } from "../../housekeeping/housekeep.ts";
import type { Limit, Thing } from "../../housekeeping/retention.ts";
import { bounded } from "../../swarm/bounded.ts";
import { runningContainer } from "../../swarm/running-container.ts";
import { LocalShell } from "../../swarm/shell/local-shell.ts";
import { Journal } from "../journal.ts";
import type { Owner, Snapshot } from "./backupTypes.ts";
import { botLabel, resticScript } from "./restic.ts";
import { isAlone, parseSnapshots, snapshotsWith } from "./snapshots.ts";

const callMs = 20_000;
const resticMs = 180_000;

/**
 * Apps of which a run that was killed may have left snapshots in the repository of a bot that stays: those that its journal names, where
 * it was on a Swarm that others use too. None where there is no journal, or nobody can read it.
 */
export function ownersLeft(folder: string): Owner[] {
  try {
    const entries = Journal.read(join(folder, "journal.ndjson")).backwards();
    if (!entries.some(({ kind }) => kind === "lease")) return [];
    return entries.flatMap((entry) => (entry.kind === "snapshots" ? [{ domain: entry.domain, stack: entry.name, volumes: entry.volumes ?? [] }] : []));
  } catch {
    return [];
  }
}

/** Whether a run's folder is the only one to tell of snapshots: also where it has a journal that nobody can read, another version's say. */
export function mayTellMore(folder: string): boolean {
  const path = join(folder, "journal.ndjson");
  try {
    Journal.read(path);
  } catch {
    return existsSync(path);
  }
  return ownersLeft(folder).length > 0;
}

/**
 * Snapshots that hold an app of a run that is over, as things that may go; all others are somebody's, and not even listed.
 * @param live a run lives, or may: its backups wait for nobody who works on the repository
 * @param bytes by snapshot, what it takes, where restic says so
 */
export function leftThings(all: readonly Snapshot[], owners: readonly Owner[], { live, bytes }: { live: boolean; bytes: ReadonlyMap<string, number> }): Thing[] {
  return all.flatMap((snapshot): Thing[] => {
    const of = owners.filter((owner) => snapshotsWith([snapshot], owner).length > 0);
    if (of.length === 0) return [];
    const hold = !of.some((owner) => isAlone(snapshot, owner)) ? "it holds other apps besides" : live ? "a run lives, or may" : null;
    return [{ id: snapshot.id, bytes: bytes.get(snapshot.id) ?? 0, usedAt: Date.parse(snapshot.at), hold }];
  });
}

const sizesSchema = z.array(z.looseObject({ id: z.string(), summary: z.looseObject({ total_bytes_processed: z.number().nonnegative().optional() }).nullish() }));

/** What `restic snapshots --json` says that each was made of, bytes; restic before 0.17 says nothing. */
function sizesIn(json: string): Map<string, number> {
  const read = sizesSchema.safeParse(JSON.parse(json) ?? []);
  return new Map((read.data ?? []).flatMap(({ id, summary }) => (summary?.total_bytes_processed === undefined ? [] : [[id, summary.total_bytes_processed] as const])));
}

export interface LeftOptions {
  /** Folders of runs that are over. */
  readonly folders: () => Promise<readonly string[]>;
  readonly live: boolean;
  readonly limit: Limit;
  /** Told of folders whose snapshots were looked for, and of which none that may go is left. */
  readonly onGone: (folder: string) => void;
}

/** What killed runs left in the repository of the Swarm's backup bot. Where none of them backed anything up, nobody is asked. */
export function snapshotsKind(docker: Docker, { folders, live, limit, onGone }: LeftOptions): Kind {
  const left = async () => (await folders()).map((folder) => ({ folder, owners: ownersLeft(folder) })).filter(({ owners }) => owners.length > 0);
  const restic = async (argv: readonly string[], signal: AbortSignal) => inBot(docker, argv, signal);
  return {
    name: "snapshots of killed runs",
    look: async (signal) => {
      const runs = await left();
      if (runs.length === 0) return { things: [], limit };
      const json = await restic(["--no-lock", "snapshots", "--json"], signal);
      const all = parseSnapshots(json);
      for (const { folder, owners } of runs) if (leftThings(all, owners, { live: false, bytes: new Map() }).every(({ hold }) => hold !== null)) onGone(folder);
      return { things: leftThings(all, runs.flatMap(({ owners }) => owners), { live, bytes: sizesIn(json) }), limit };
    },
    // Only packs that nothing else uses go: a repository of many apps would take long to be packed anew.
    remove: async (id, signal) => void (await restic(["forget", "--prune", "--max-unused", "unlimited", id], signal)),
  };
}

/** @returns what restic printed. @throws Error where there is no bot, or several, or restic did not end well; the signal's reason */
async function inBot(docker: Docker, argv: readonly string[], signal: AbortSignal): Promise<string> {
  const services = await bounded("looking for the backup bot", docker.listServices({ filters: { label: [`${botLabel.key}=${botLabel.value}`] } }), callMs, signal);
  const [name] = services.map(({ Spec }) => Spec?.Name);
  if (name === undefined || services.length > 1) throw new Error(`${services.length} services have the label ${botLabel.key}: nobody knows in which repository to look`);
  const place = await runningContainer(docker, name, signal);
  if (place === null) throw new Error(`the backup bot ${name} does not run: docker service ps ${name}`);
  const { exitCode, stdout, stderr } = await new LocalShell(tmpdir()).exec(["docker", "exec", place.container, "sh", "-c", resticScript, "sh", ...argv], { timeoutMs: resticMs, signal });
  if (exitCode !== 0) throw new Error(`restic in ${name} ended with exit code ${exitCode}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  return stdout;
}
