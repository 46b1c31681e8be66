import type { TierResult } from "../../../reports/results.ts";
import { skipDeclared } from "../tier/declaredSkips.ts";
import { doubt } from "../tier/doubt.ts";
import { addHook } from "../tier/hooks.ts";
import { wired } from "../needs/wire.ts";
import type { RecipeTests } from "../tier/recipeTests.ts";
import type { Site } from "../site.ts";
import { subject } from "../app/subject.ts";
import { runTier } from "../tier/tiers.ts";
import type { Plan } from "../plan.ts";

/** The tests that were written for this recipe, on the app as the tiers before it left it. What is wrong with them costs this tier only. */
export async function custom(site: Site, plan: Plan): Promise<void> {
  const { build } = site;
  if (!build.request.tiers.includes("custom")) return;
  const none = notRun(build.tests);
  if (none?.status !== "skipped" && skipDeclared(build, "custom")) return;
  const app = subject(plan);
  const not = none ?? (app ? null : unverified("no app of the commit under test is up"));
  if (not || !app) {
    if (not) build.findings.tiers.push(not);
    return;
  }
  site.startBrowser();
  const { not: unwired, step } = await wired(site, plan, app, "custom");
  if (unwired !== null) {
    // What it needs is not there: its tests prove nothing, and nothing is held against it.
    build.findings.tiers.push({ ...unverified(unwired), tests: step?.tests ?? [] });
    return;
  }
  await build.span("browser ready", () => site.browserTried());
  await runTier(site, app, { files: build.tests.custom, expect: { tier: "custom" } });
  addHook(build, "custom", step, "front");
  // Files that look like tests and were not run leave the tier open, whatever the others say.
  if (build.tests.odd.length > 0) doubt(build, "custom", oddWords(build.tests));
}

/**
 * The tier's result where there is nothing to run: a recipe without tests of its own lacks them by its structure, tests that
 * somebody wrote and nobody ran prove nothing. Null where the tests run.
 */
export function notRun(tests: RecipeTests): TierResult | null {
  const { custom: files, odd, leftOut } = tests;
  if (files.length > 0) return null;
  if (odd.length > 0) return unverified(oddWords(tests));
  if (leftOut !== null) return unverified(leftOut);
  return { name: "custom", status: "skipped", reason: "the recipe has no tests of its own", tests: [] };
}

function oddWords({ place, odd }: RecipeTests): string {
  return `${place} holds ${odd.join(", ")}, which nobody runs: tests are called *.test.ts`;
}

function unverified(why: string): TierResult {
  return { name: "custom", status: "unverified", reason: `custom: ${why}`, tests: [] };
}
