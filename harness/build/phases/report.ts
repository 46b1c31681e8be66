import { command } from "../../base/command.ts";
import { messageOf } from "../../base/errors.ts";
import { ownVersion } from "../../base/ownVersion.ts";
import { packageRoot } from "../../base/paths.ts";
import type { Results } from "../../../reports/results.ts";
import { writeResults } from "../../../reports/write.ts";
import type { Build } from "../context.ts";
import { idleSkips } from "../tier/declaredSkips.ts";
import { scenarios } from "../extra/scenarios.ts";
import { scanArtifacts } from "../secretScan.ts";
import { verdictOf } from "../verdict.ts";

/**
 * The last thing that a build does: it looks for secrets in everything that it wrote, and says which recipe-ci it was.
 * What stands in the results after this is only masked.
 */
export async function report(build: Build): Promise<Results["run"]["harness"]> {
  const [facts] = await Promise.all([harnessFacts(), build.span("secrets looked for", async () => {
    build.findings.leak = await scanArtifacts(build);
  })]);
  return facts;
}

/** Everything the build found, as results.json's content, with no secret in it. The phases must have ended. */
export function resultsOf(build: Build, harness: Results["run"]["harness"]): Results {
  const results = build.mask.data(unmasked(build, harness));
  const at = build.mask.find(JSON.stringify(results));
  return at === null ? results : bare(results);
}

/** What is left where masking was not enough: a secret as a service's name, say. */
function bare(results: Results): Results {
  const reason = { class: "secret-leak", service: null, summary: "results.json would have shown a secret: most of it is left out", evidence: [], hint: "look for what is called like one of the app's secrets" };
  return { ...results, ...(results.verdict === "interrupted" || results.verdict === "timedout" ? {} : { verdict: "unverified" as const }), reason, tiers: [], warnings: [], watch: { restarts: {}, failures: [], decidedMs: null }, artifacts: [] };
}

function unmasked(build: Build, harness: Results["run"]["harness"]): Results {
  const { findings, request } = build;
  const says = verdictOf({
    ending: findings.ending,
    endedIn: findings.endedIn,
    asked: request.tiers,
    tiers: findings.tiers,
    lint: findings.lint,
    skip: build.settings.skip,
    declaredSkips: findings.declaredSkips,
    baseBroken: findings.baseBroken,
    leak: findings.leak,
  });
  const { startedAt, finishedAt, durationMs, phases } = build.timeline.summary();
  // A build that was ended from outside keeps that for its verdict.
  const leaked = findings.leak && says.reason?.class !== findings.leak.class ? [`${findings.leak.class}: ${findings.leak.summary}`] : [];
  return {
    schema: 1,
    run: { id: build.id, startedAt, finishedAt, durationMs, lane: "default", trigger: request.trigger, harness },
    recipe: findings.recipe,
    target: findings.target && { ...findings.target, images: findings.images },
    ...says,
    reason: says.reason && { ...says.reason, evidence: [...says.reason.evidence] },
    phases,
    tiers: findings.tiers,
    // Where the story ended early, what is named under skip may have had no chance to run.
    warnings: [...leaked, ...findings.warnings, ...(findings.ending === null ? idleSkips(build.settings, findings.tiers, scenarios.map(({ name }) => name)) : [])],
    watch: findings.watch,
    teardown: findings.teardown,
    artifacts: findings.artifacts,
  };
}

/**
 * Writes DIR/results.json. Presentation never changes the verdict: a folder that turned unwritable is a warning on stderr.
 * @returns the path, or null where it could not be written
 */
export function saveResults(build: Build, results: Results): string | null {
  try {
    return writeResults(build.request.out, results);
  } catch (error) {
    process.stderr.write(`recipe-ci: results.json could not be written to ${build.request.out}: ${messageOf(error)}\n`);
    return null;
  }
}

/** Which recipe-ci this is. */
async function harnessFacts(): Promise<Results["run"]["harness"]> {
  const version = ownVersion();
  const git = (...args: string[]) => command(["git", "-C", packageRoot, ...args], { timeoutMs: 5000 });
  const [head, status] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain")]);
  return head.exitCode === 0
    ? { version, commit: head.stdout.trim(), dirty: status.stdout.trim() !== "" }
    : { version, commit: null, dirty: false };
}
