import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cacheDir } from "../../base/paths.ts";
import type { Privileges } from "./container.ts";

const schema = z.record(z.string(), z.enum(["privileged", "reduced"]));
const file = () => join(cacheDir(), "privileges.json");

/** What to try on this engine, in order: what worked last time, then the other. */
export async function recallPrivileges(engineId: string): Promise<readonly Privileges[]> {
  return (await readAll())[engineId] === "reduced" ? ["reduced", "privileged"] : ["privileged", "reduced"];
}

/** Only a memory: where it can't be kept, the next run tries again. */
export async function rememberPrivileges(engineId: string, privileges: Privileges): Promise<void> {
  const all = await readAll();
  if (all[engineId] === privileges) return;
  try {
    await mkdir(cacheDir(), { recursive: true });
    const fresh = `${file()}.${process.pid}`;
    await writeFile(fresh, JSON.stringify({ ...all, [engineId]: privileges }));
    await rename(fresh, file());
  } catch {
    return;
  }
}

async function readAll(): Promise<Record<string, Privileges>> {
  try {
    return schema.parse(JSON.parse(await readFile(file(), "utf8")));
  } catch {
    return {};
  }
}
