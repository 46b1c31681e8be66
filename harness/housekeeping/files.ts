import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * What a file or a folder with everything in it takes, bytes, and when something in it last changed, milliseconds since the epoch.
 * One file after the other: this goes on beside a build. What vanishes meanwhile, or can't be read, is not counted.
 * @throws the signal's reason
 */
export async function sizeOf(path: string, signal: AbortSignal): Promise<{ bytes: number; changedAt: number }> {
  signal.throwIfAborted();
  const stat = await lstat(path).catch(() => null);
  if (stat === null) return { bytes: 0, changedAt: 0 };
  const all = { bytes: stat.size, changedAt: stat.mtimeMs };
  if (!stat.isDirectory()) return all;
  for (const name of await namesIn(path).catch(() => [])) {
    const one = await sizeOf(join(path, name), signal);
    all.bytes += one.bytes;
    all.changedAt = Math.max(all.changedAt, one.changedAt);
  }
  return all;
}

/** The names in a folder, in order; none where there is no such folder. @throws the file system's other errors */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
