import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../../base/command.ts";
import { messageOf } from "../../base/errors.ts";
import { packageRoot } from "../../base/paths.ts";
import type { Results } from "../../../reports/results.ts";
import { writeResults } from "../../../reports/write.ts";
import type { Build } from "../context.ts";
import { idleSkips } from "../declaredSkips.ts";
import { scenarios } from "../extra/scenarios.ts";
import { verdictOf } from "../verdict.ts";

/** Everything the build found, as results.json's content, with no secret in it. The phases must have ended. */
export function resultsOf(build: Build, harness: Results["run"]["harness"]): Results {
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
  });
  const { startedAt, finishedAt, durationMs, phases } = build.timeline.summary();
  return build.mask.data({
    schema: 1,
    run: { id: build.id, startedAt, finishedAt, durationMs, lane: "default", trigger: request.trigger, harness },
    recipe: findings.recipe,
    target: findings.target && { ...findings.target, images: findings.images },
    ...says,
    reason: says.reason && { ...says.reason, evidence: [...says.reason.evidence] },
    phases,
    tiers: findings.tiers,
    // Where the story ended early, what is named under skip may have had no chance to run.
    warnings: [...findings.warnings, ...(findings.ending === null ? idleSkips(build.settings, findings.tiers, scenarios.map(({ name }) => name)) : [])],
    watch: findings.watch,
    teardown: findings.teardown,
    artifacts: findings.artifacts,
  });
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
export async function harnessFacts(): Promise<Results["run"]["harness"]> {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
  const git = (...args: string[]) => command(["git", "-C", packageRoot, ...args], { timeoutMs: 5000 });
  const [head, status] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain")]);
  return head.exitCode === 0
    ? { version, commit: head.stdout.trim(), dirty: status.stdout.trim() !== "" }
    : { version, commit: null, dirty: false };
}
