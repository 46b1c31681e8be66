/** Room for images, volumes and results. */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Row, row } from "./row.ts";

export interface DiskFacts {
  /** What lies there: `Docker's data`. */
  readonly what: string;
  readonly path: string;
  /** Null where it can't be read from here. */
  readonly free: { readonly bytes: number; readonly inodes: number; readonly inodesKnown: boolean } | null;
  /** Below these it is too little. */
  readonly wantBytes: number;
}

const wantInodes = 100_000;
const gigabyte = 1024 ** 3;

/** Reads the file system that holds `path`, or its closest parent that exists. */
export async function gatherDisk(what: string, path: string, wantBytes: number): Promise<DiskFacts> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const fs = await statfs(at);
      return { what, path, wantBytes, free: { bytes: fs.bavail * fs.bsize, inodes: fs.ffree, inodesKnown: fs.files > 0 } };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" || at === dirname(at)) return { what, path, wantBytes, free: null };
    }
  }
}

export function judgeDisk({ what, path, free, wantBytes }: DiskFacts): Row {
  const name = `disk: ${what}`;
  if (free === null) return row(name, "unknown", `${path} can't be seen from here`);
  const inodes = free.inodesKnown ? `, ${free.inodes} inodes` : "";
  const found = `${(free.bytes / gigabyte).toFixed(1)} GB${inodes} free at ${path}`;
  if (free.bytes < wantBytes) return row(name, "missing", found, `free some: ${(wantBytes / gigabyte).toFixed(0)} GB are wanted (docker system df shows what takes it)`);
  if (free.inodesKnown && free.inodes < wantInodes) return row(name, "missing", found, `free some: ${wantInodes} inodes are wanted`);
  return row(name, "ok", found);
}
