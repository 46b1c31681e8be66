/** Programs on this side: abra, git, Node. */
import { coerce, gte } from "semver";
import { chromiumVariable } from "../../base/chromium.ts";
import { command } from "../../base/command.ts";
import { type Row, row } from "./row.ts";

/** What looking for abra brought, without downloading one. */
export type AbraFacts = { readonly version: string; readonly path: string; readonly from: string } | { readonly problem: string; readonly tried: readonly string[]; readonly todo: string };

const oldestGit = "2.30.0";
const oldestNode = "22.12.0";

/** What `git --version` prints, or null. */
export async function gatherGit(signal: AbortSignal): Promise<string | null> {
  const result = await command(["git", "--version"], { timeoutMs: 10_000, signal });
  return result.exitCode === 0 ? result.stdout.trim() : null;
}

export function judgeGit(said: string | null): Row {
  if (said === null) return row("git", "missing", "none on the PATH", "install git");
  const version = coerce(said)?.version ?? "0.0.0";
  return gte(version, oldestGit) ? row("git", "ok", version) : row("git", "refused", `${version} is too old`, `git ${oldestGit} or later`);
}

/** @param version as process.version has it */
export function judgeNode(version: string): Row {
  return gte(version, oldestNode) ? row("Node", "ok", version) : row("Node", "refused", `${version} is too old`, "npm ci brings Node 24; start recipe-ci with npx or npm");
}

export function judgeAbra(facts: AbraFacts): Row {
  if ("version" in facts) return row("abra", "ok", `${facts.version} at ${facts.path} (from ${facts.from})`);
  return row("abra", "missing", `${facts.problem} (${facts.tried.join("; ")})`, `${facts.todo}; demo and the project's tests use a stand-in until then`);
}

/** Most recipes need none, so that a machine without one is complete. */
export function judgeBrowser(path: string | null): Row {
  if (path !== null) return row("browser", "ok", path);
  return row("browser", "info", "none: only tests that use app.browser() want one", `run --install installs Debian's Chromium when a recipe's tests ask for it; ${chromiumVariable} names another`);
}
