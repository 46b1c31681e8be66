import { posix } from "node:path";
import type { BackupPlan } from "../../recipe/backup.ts";
import type { ComposeApp } from "../../recipe/types.ts";
import type { Captured, Database } from "../../../tiers/context.ts";
import type { BackupFile } from "../backup/backupTypes.ts";
import { isDataOf, serverOf } from "./database.ts";
import { markerNames, type SeenSpot, type Spot } from "./plan.ts";

/** Names of files that hold a database, packed or not. */
const dumpName = /\.(sql|psql|dump|pgdump|pg_dump|db|sqlite3?)(\.(gz|zst|bz2|xz|lz4|zip|7z|age))?$/i;
/** The table of contents of `pg_dump --format=directory`. */
const tableOfContents = "toc.dat";

/** Of files that only look like dumps, this many are read. */
const mostLookalikes = 20;

/** What of a spot is in the snapshot, folders included. */
function below(files: readonly BackupFile[], { from, inner }: Spot): BackupFile[] {
  return files.filter((file) => isFrom(file, from) && (inner === "." || file.inner === inner || file.inner.startsWith(`${inner}/`)));
}

function isFrom({ from }: BackupFile, wanted: Spot["from"]): boolean {
  if (from === null) return false;
  if ("volume" in wanted) return "volume" in from && from.volume === wanted.volume;
  return "service" in from && from.service === wanted.service;
}

/**
 * How much of each spot the snapshot has, without what the build planted there itself. One that is not there and that no hook could
 * make was given up before: see planWitnesses.
 */
export function capturedIn(files: readonly BackupFile[], spots: readonly Spot[], hooks: BackupPlan["hooks"]): Captured[] {
  const own = spots.map((spot) => ({ spot, entries: below(files, spot).filter((file) => !isMarker(file)) }));
  const holds = new Set(own.flatMap(({ spot, entries }) => (entries.some(({ bytes }) => bytes > 0) ? spot.at.map(({ service }) => service) : [])));
  const dumping = new Set(hooks.filter(({ backupPre }) => backupPre !== null).map(({ service }) => service));
  return own.map(({ spot, entries }) => ({
    what: spot.what,
    entries: entries.length,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    // The marker shows that the folder was taken; a hook that ran beside it has to have left something somewhere.
    mayBeEmpty: !entries.some(({ path, type }) => type === "file" && dumpName.test(path)) && hasFile(files, spot, markerNames.first) && spot.at.every(({ service }) => holds.has(service) || !dumping.has(service)),
  }));
}

function isMarker({ path, type }: BackupFile): boolean {
  return type === "file" && Object.values<string>(markerNames).includes(posix.basename(path));
}

/** A file at the very path that a label names, and what looks like a dump in the captured folders. */
export function dumpsIn(files: readonly BackupFile[], spots: readonly Spot[]): { file: BackupFile; named: boolean }[] {
  const named = files.filter((file) => file.type === "file" && spots.some(({ from, inner }) => isFrom(file, from) && file.inner === inner));
  const looksLike = ({ path, type, bytes }: BackupFile) => type === "file" && bytes > 0 && (dumpName.test(path) || posix.basename(path) === tableOfContents);
  const others = files.filter((file) => looksLike(file) && !named.includes(file) && spots.some((spot) => below([file], spot).length > 0));
  return [...named.map((file) => ({ file, named: true })), ...others.slice(0, mostLookalikes).map((file) => ({ file, named: false }))];
}

/** What sqlite keeps beside a database, as far as the snapshot has it. */
export function journalsOf(files: readonly BackupFile[], { path }: BackupFile): { file: BackupFile; suffix: string }[] {
  return ["-wal", "-journal"].flatMap((suffix) => {
    const file = files.find((one) => one.path === path + suffix && one.type === "file");
    return file ? [{ file, suffix }] : [];
  });
}

/** Whether the snapshot has a file of this name in a spot's folder. */
export function hasFile(files: readonly BackupFile[], { from, inner }: Spot, name: string): boolean {
  const wanted = posix.join(inner, name);
  return files.some((file) => file.type === "file" && isFrom(file, from) && file.inner === wanted);
}

/** The database servers of an app, and whether their own folder is taken as it lies there. */
export function databasesOf(app: Pick<ComposeApp, "services">, seen: readonly SeenSpot[]): Database[] {
  return app.services.flatMap((service) => {
    const engine = serverOf(service);
    if (engine === null) return [];
    const raw = seen.some(({ spot, seen: what }) => (what === "directory" || what === "unreachable") && spot.inner === "." && spot.at.some((at) => at.service === service.name && at.path in (service.mounts ?? {}) && isDataOf(service, at.path)));
    return [{ service: service.name, engine, raw }];
  });
}
