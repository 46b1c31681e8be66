import { z } from "zod";
import type { BackupFile, Owner, Snapshot } from "./backupTypes.ts";

/** `restic snapshots --json`, as far as it is read. */
const snapshotsSchema = z.array(
  z.looseObject({ id: z.string().regex(/^[0-9a-f]{64}$/), time: z.string(), tags: z.array(z.string()).nullish(), paths: z.array(z.string()).nullish() }),
);

/** A line of `restic ls --json`; the first one describes the snapshot. */
const nodeSchema = z.looseObject({ struct_type: z.literal("node"), path: z.string(), type: z.string(), size: z.number().optional() });

/**
 * What `restic snapshots --json` says, oldest first.
 * @throws SyntaxError, ZodError where it is something else
 */
export function parseSnapshots(json: string): Snapshot[] {
  return snapshotsSchema
    .parse(JSON.parse(json) ?? [])
    .map(({ id, time, tags, paths }) => ({ id, at: new Date(time).toISOString(), tags: tags ?? [], paths: paths ?? [] }))
    .sort((a, b) => a.at.localeCompare(b.at));
}

/**
 * Those that hold something of one app. How a bot tags is its own affair, so either will do: the domain or the stack as a tag, with or
 * without a version behind a colon, or a path of the stack. Names of stacks may begin alike, hence whole words.
 */
export function snapshotsWith(all: readonly Snapshot[], app: Owner): Snapshot[] {
  return all.filter(({ tags, paths }) => tags.some((tag) => names(tag, app)) || paths.some((path) => isOfStack(path, app)));
}

/** Whether a snapshot holds nothing but this app's: only then may it be removed, or restored from. */
export function isAlone({ tags, paths }: Snapshot, app: Owner): boolean {
  return tags.every((tag) => names(tag, app)) && paths.every((path) => isOfStack(path, app) || isOfVolume(path, app.volumes ?? []) || isOfBot(path));
}

/** backup-bot-two lays the app's secrets into a folder of its own and takes that along: general knowledge, no source found. Other apps show by their volumes. */
function isOfBot(path: string): boolean {
  return path === "/secrets" || path.startsWith("/secrets/");
}

function names(tag: string, { domain, stack }: Owner): boolean {
  const [name] = tag.split(":");
  return name === domain || name === stack;
}

function isOfStack(path: string, { stack }: Owner): boolean {
  const { from } = placeOf(path);
  const words = from === null ? path.split("/") : ["volume" in from ? from.volume : from.service];
  return words.some((word) => word.startsWith(`${stack}_`));
}

function isOfVolume(path: string, volumes: readonly string[]): boolean {
  const { from } = placeOf(path);
  return from !== null && "volume" in from && volumes.includes(from.volume);
}

/**
 * What `restic ls --json` says is in a snapshot; null where it speaks of none.
 * @throws SyntaxError, ZodError where it is something else
 */
export function parseListing(ndjson: string): BackupFile[] | null {
  const lines = ndjson.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as { struct_type?: unknown });
  if (!lines.some((line) => line.struct_type === "snapshot")) return null;
  return lines.filter((line) => line.struct_type === "node").map((line) => {
    const { path, type, size } = nodeSchema.parse(line);
    return { path, type: type === "file" || type === "dir" || type === "symlink" ? type : "other", bytes: type === "file" ? (size ?? 0) : 0, ...placeOf(path) };
  });
}

/** Volumes stand under the engine's own path; what a bot copied out of a container stands under `containers/STACK_SERVICE`. */
function placeOf(path: string): Pick<BackupFile, "from" | "inner"> {
  const volume = /\/volumes\/([^/]+)\/_data(?:\/(.*))?$/.exec(path);
  if (volume) return { from: { volume: volume[1] ?? "" }, inner: volume[2] || "." };
  const container = /\/containers\/([^/]+)(\/.*)?$/.exec(path);
  if (container) return { from: { service: container[1] ?? "" }, inner: container[2] ?? "/" };
  return { from: null, inner: path };
}
