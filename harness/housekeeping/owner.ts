import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type ProcessIdentity, thisProcess } from "../base/processIdentity.ts";

const file = "owner.json";
const ownerSchema: z.ZodType<ProcessIdentity> = z.strictObject({ host: z.string(), boot: z.string().nullable(), namespace: z.string().nullable(), pid: z.int().positive(), started: z.string().nullable() });

/** Says in a run's folder whose it is, so that whoever finds it later can look whether that process still runs. */
export async function ownFolder(folder: string, owner: ProcessIdentity = thisProcess()): Promise<void> {
  await writeFile(join(folder, file), `${JSON.stringify(owner)}\n`, { mode: 0o600 });
}

/** Whose folder it is; null where it does not say so. */
export async function ownerOf(folder: string): Promise<ProcessIdentity | null> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(join(folder, file), "utf8")));
  } catch {
    return null;
  }
}
