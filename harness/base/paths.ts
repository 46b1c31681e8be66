import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The package's own folder: where package.json, tiers/ and test/ are. */
export const packageRoot = resolve(import.meta.dirname, "../..");

/** Runs, kept runs and history. `RECIPE_CI_STATE` for tests. */
export function stateDir(): string {
  return process.env.RECIPE_CI_STATE || join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "recipe-ci");
}

/** What can be thrown away and fetched again: image layers, abra releases. `RECIPE_CI_CACHE` for tests. */
export function cacheDir(): string {
  return process.env.RECIPE_CI_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "recipe-ci");
}

/** One run's folder on this machine: clone, journal, on a local Swarm abra's folder. */
export function runDir(id: string): string {
  return join(stateDir(), "runs", id);
}
