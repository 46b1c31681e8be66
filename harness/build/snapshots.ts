import { z } from "zod";
import type { BackupFile, Snapshot } from "./backupTypes.ts";

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
 * Those of one app. How a bot tags is its own affair, so either will do: the domain or the stack as a tag, or a path in a volume of
 * the stack. Names of stacks may begin alike, hence whole words.
 */
export function snapshotsOf(all: readonly Snapshot[], app: { readonly domain: string; readonly stack: string }): Snapshot[] {
  const named = (words: readonly string[]) => words.includes(app.domain) || words.includes(app.stack);
  return all.filter(({ tags, paths }) => named(tags) || paths.some((path) => path.split("/").some((part) => part.startsWith(`${app.stack}_`))));
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
