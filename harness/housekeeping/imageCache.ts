import { lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import { namesIn } from "./files.ts";
import { dayMs, type Thing } from "./retention.ts";

/** A file of the cache's content, as swarm/images/store.ts lays it out. */
export interface CacheFile {
  /** Below the cache's folder of content: `ab/ab12…`. */
  readonly path: string;
  readonly bytes: number;
  /** When it was last read or written, milliseconds since the epoch. */
  readonly usedAt: number;
}

/** What was asked for within this time a build may be about to ask for again. */
const inUseMs = 3_600_000;

const blob = /^[0-9a-f]{2}\/[0-9a-f]{64}$/;
const part = /^[0-9a-f]{2}\/[0-9a-f]{64}\.\d+\.[0-9a-f-]{36}\.part$/;

/** The cache's content as things that may go. A download that stands still for a day was given up. */
export function cacheThings(files: readonly CacheFile[], now: number): Thing[] {
  return files.map(({ path, bytes, usedAt }) => {
    const thing = { id: path, bytes, usedAt };
    if (part.test(path)) return now - usedAt > dayMs ? { ...thing, hold: null, spent: "a download that was given up" } : { ...thing, hold: "it is being fetched" };
    if (!blob.test(path)) return { ...thing, hold: "nobody knows what it is" };
    return { ...thing, hold: now - usedAt < inUseMs ? "it was used within the hour" : null };
  });
}

/** All content of the cache. @throws the file system's error where it can't be listed; the signal's reason */
export async function cacheFiles(root: string, signal: AbortSignal): Promise<CacheFile[]> {
  const found: CacheFile[] = [];
  for (const folder of await namesIn(root)) {
    for (const name of await namesIn(join(root, folder))) {
      signal.throwIfAborted();
      const file = await cacheFile(root, `${folder}/${name}`);
      if (file) found.push(file);
    }
  }
  return found;
}

async function cacheFile(root: string, path: string): Promise<CacheFile | null> {
  const stat = await lstat(join(root, path)).catch(() => null);
  // Where a disk is mounted to forget when files are read, a blob counts from when it came.
  return stat?.isFile() ? { path, bytes: stat.size, usedAt: Math.max(stat.atimeMs, stat.mtimeMs) } : null;
}

/** Removes one, unless it was used since it was looked at; where it is wanted again, it is fetched again. @throws the file system's error */
export async function removeFromCache(root: string, path: string, now: number): Promise<void> {
  const file = await cacheFile(root, path);
  if (file === null || cacheThings([file], now).some(({ hold }) => hold !== null)) return;
  await rm(join(root, path), { force: true });
}
