import { lstat, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessIdentity, stillRuns } from "../base/processIdentity.ts";
import { namesIn, sizeOf } from "./files.ts";
import { ownerOf } from "./owner.ts";
import { dayMs, type Thing } from "./retention.ts";

/** What is known of a folder among those of runs. Plain data. */
export interface RunFolder {
  /** Its name. */
  readonly name: string;
  readonly isFolder: boolean;
  readonly bytes: number;
  /** When anything in it last changed, milliseconds since the epoch. */
  readonly changedAt: number;
  /** The build's process; null where the folder does not say. */
  readonly owner: ProcessIdentity | null;
  /** Nobody knows but by it what else the run left, and nobody has looked for that yet. */
  readonly needed?: boolean;
}

/** What is known besides, of all runs. */
export interface RunsKnown {
  /** Who looks. */
  readonly here: ProcessIdentity;
  /** By run, until when its app is kept, milliseconds since the epoch. */
  readonly kept: ReadonlyMap<string, number>;
  /** Runs of which a record says that they are kept, and nobody here can read for how long. */
  readonly unread?: ReadonlySet<string>;
  /** The build that looks; null where none does. */
  readonly except: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When this machine was started, milliseconds since the epoch. */
  readonly bootedAt: number;
}

/** As build/context.ts makes them. */
const runName = /^\d{6}-\d{6}-[0-9a-f]{6}$/;

/** Renamed before anything in it is removed: half of a folder says no more whose it is. */
const goingMark = ".going";

/** No build lasts longer (the longest deadline is 7 days), so what did not change for this long is nobody's. */
const longestMs = 8 * dayMs;

/** What a run is: `over` is proved, by its process or by a time that no build lasts. Pure but for the look at the process. */
export function stateOf({ name, changedAt, owner }: Pick<RunFolder, "name" | "changedAt" | "owner">, { here, except, now, bootedAt }: Omit<RunsKnown, "kept" | "unread">, runs: typeof stillRuns = stillRuns): "live" | "over" | "unknown" {
  if (name === except) return "live";
  const running = owner === null ? null : runs(owner, here);
  if (running !== null) return running ? "live" : "over";
  // What ran here before this machine was started anew runs no more. A name alone proves nothing, where folders are shared.
  const before = owner !== null && owner.host === here.host && owner.boot !== null && here.boot !== null && owner.boot !== here.boot;
  if (before && changedAt < bootedAt) return "over";
  return now - changedAt > longestMs ? "over" : "unknown";
}

/** A run's folder as a thing that may go, or the reason why it may not. */
export function runThing(folder: RunFolder, known: RunsKnown, runs: typeof stillRuns = stillRuns): Thing {
  const { name, bytes, changedAt } = folder;
  return { id: name, bytes, usedAt: changedAt, hold: holdOf(folder, known, runs), ...(name.endsWith(goingMark) ? { spent: "its removal has begun" } : {}) };
}

function holdOf(folder: RunFolder, known: RunsKnown, runs: typeof stillRuns): string | null {
  const { name, isFolder } = folder;
  if (isFolder && name.endsWith(goingMark) && runName.test(name.slice(0, -goingMark.length))) return null;
  if (!isFolder || !runName.test(name)) return "nobody knows what it is";
  const until = known.kept.get(name);
  if (until !== undefined && until > known.now) return "its app is kept";
  if (known.unread?.has(name)) return "a record that nobody here can read says that its app is kept";
  const state = stateOf(folder, known, runs);
  if (state === "live") return "its build runs";
  if (state === "unknown") return "its build's process can't be seen from here, and may run";
  return folder.needed ? "its journal names snapshots that recipe-ci sweep has yet to look for, or nobody can read it" : null;
}

/** Every folder of a run on this machine. @throws the file system's error where they can't be listed; the signal's reason */
export async function runFolders(root: string, signal: AbortSignal): Promise<RunFolder[]> {
  const found: RunFolder[] = [];
  for (const name of await namesIn(root)) {
    const path = join(root, name);
    const isFolder = (await lstat(path).catch(() => null))?.isDirectory() ?? false;
    found.push({ name, isFolder, ...(await sizeOf(path, signal)), owner: isFolder ? await ownerOf(path) : null });
  }
  return found;
}

/** What each run is that has a folder here. A folder is only walked through where its process does not tell. @throws as `runFolders` */
export async function runStates(root: string, known: Omit<RunsKnown, "kept" | "unread">, signal: AbortSignal): Promise<Map<string, ReturnType<typeof stateOf>>> {
  const states = new Map<string, ReturnType<typeof stateOf>>();
  for (const name of await namesIn(root)) {
    const path = join(root, name);
    const owner = await ownerOf(path);
    const atOnce = stateOf({ name, owner, changedAt: known.now }, known);
    states.set(name, atOnce === "unknown" ? stateOf({ name, owner, changedAt: (await sizeOf(path, signal)).changedAt }, known) : atOnce);
  }
  return states;
}

/** Removes one, so that a removal which is cut short is ended by the next. Twice is harmless. @throws the file system's error */
export async function removeRunFolder(root: string, name: string): Promise<void> {
  const going = name.endsWith(goingMark) ? name : `${name}${goingMark}`;
  await rm(join(root, going), { recursive: true, force: true });
  if (going === name) return;
  try {
    await rename(join(root, name), join(root, going));
  } catch (error) {
    // Another build was faster.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await rm(join(root, going), { recursive: true, force: true });
}
