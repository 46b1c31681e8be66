/** Where a browser of Chromium's kind is on this machine. */
import { accessSync, constants, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** Names of programs, the distributions' own first. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];

const places = [
  "/usr/lib/chromium/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Names a browser for tests, wherever it is. */
export const chromiumVariable = "RECIPE_CI_CHROMIUM";

export interface ChromiumSearch {
  readonly env: NodeJS.ProcessEnv;
  /** Whether a program can be run. */
  readonly runs: (path: string) => boolean;
  /** Names in a folder; none where there is no such folder. */
  readonly list: (folder: string) => readonly string[];
}

/**
 * The browser for tests: what RECIPE_CI_CHROMIUM names and nothing else where it is set; on the PATH; where systems keep it; among
 * those that Playwright installed.
 * @returns its path, null where there is none
 */
export function findChromium({ env, runs, list }: ChromiumSearch = { env: process.env, runs: canRun, list: namesIn }): string | null {
  const named = env[chromiumVariable];
  if (named) return runs(named) ? named : null;
  const onPath = (env.PATH ?? "").split(delimiter).filter(Boolean);
  const candidates = [...names.flatMap((name) => onPath.map((folder) => join(folder, name))), ...places, ...playwrights(env, list)];
  return candidates.find(runs) ?? null;
}

/** Playwright's own downloads, the newest first. */
function playwrights(env: NodeJS.ProcessEnv, list: ChromiumSearch["list"]): string[] {
  const folder = env.PLAYWRIGHT_BROWSERS_PATH || join(env.HOME ?? homedir(), ".cache/ms-playwright");
  const revision = (name: string) => Number(name.split("-")[1]);
  const found = list(folder).filter((name) => /^chromium-\d+$/.test(name)).sort((a, b) => revision(b) - revision(a));
  return found.flatMap((name) => ["chrome-linux/chrome", "chrome-linux64/chrome"].map((program) => join(folder, name, program)));
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
