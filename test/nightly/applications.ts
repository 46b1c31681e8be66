import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { humanDuration } from "../../harness/base/clock.ts";
import type { BuildEvent } from "../../harness/build/events.ts";
import { resultsSchema } from "../../reports/results.ts";
import { buildFlags, type Lab } from "../swarm/support/lab.ts";
import type { Built } from "./table.ts";

/** Fixtures (test/recipes) that are real applications, the quick ones first. */
export const applications: readonly string[] = ["custom-html", "wordpress", "gitea", "matrix-synapse", "keycloak", "gitea-sso"];

/** Fixtures that stand beside an application, because it needs them. */
const beside: Readonly<Record<string, readonly string[]>> = { "gitea-sso": ["keycloak"] };

/** Longest that one build may take, milliseconds: the slowest image is made within half an hour, where it has to be. */
const buildMs = 75 * 60_000;

export interface Night {
  /** The build may install what the machine lacks. */
  readonly install: boolean;
  readonly signal: AbortSignal;
}

/** One whole build with the extra tier, its results in `out`. Says each phase that ends. An interrupt lets it take down what it made. */
export async function buildOf(application: string, lab: Lab, out: string, { install, signal }: Night): Promise<Built> {
  signal.throwIfAborted();
  const repo = await lab.recipe(application);
  for (const needed of beside[application] ?? []) await lab.recipe(needed);
  const { process: child, ended } = lab.start(["run", repo, "--extra", ...buildFlags(install), "--out", out, "--json"], { timeoutMs: buildMs, onEvent: (event) => tell(application, event) });
  const interrupt = () => void child.kill("SIGINT");
  signal.addEventListener("abort", interrupt, { once: true });
  const { code, stderr } = await ended;
  signal.removeEventListener("abort", interrupt);
  const file = join(out, "results.json");
  if (existsSync(file)) return { application, results: resultsSchema.parse(JSON.parse(readFileSync(file, "utf8"))) };
  console.error(`${application}: ended with ${code} and left no results: ${stderr.trim()}`);
  return { application, results: null };
}

function tell(application: string, event: BuildEvent): void {
  if (event.type === "phase-end") console.log(`${application}: ${event.phase} ${event.status}, ${humanDuration(event.durationMs)}`);
  if (event.type === "verdict") console.log(`${application}: ${event.verdict}, level ${event.level}`);
}
