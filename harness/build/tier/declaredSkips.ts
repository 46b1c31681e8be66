import { nearest } from "../../base/nearest.ts";
import { tierNameSchema, type TierName, type TierResult } from "../../../reports/results.ts";
import type { Build } from "../context.ts";

/**
 * Whether the recipe's settings leave this tier out. If so its result says why, and nothing more is to be done for it. Asked only
 * where there is something to run: what a recipe structurally lacks is told as such.
 */
export function skipDeclared(build: Pick<Build, "settings" | "findings">, tier: TierName): boolean {
  if (!isSkipDeclared(build, tier)) return false;
  const { settings, findings } = build;
  findings.declaredSkips.push(tier);
  findings.tiers.push({ name: tier, status: "skipped", reason: `${settings.skip[tier]} (skip.${tier} in ${settings.place})`, tests: [] });
  return true;
}

/** The same without telling anybody. */
export function isSkipDeclared({ settings }: Pick<Build, "settings">, tier: TierName): boolean {
  return Object.hasOwn(settings.skip, tier);
}

/**
 * Names under `skip` that are no tier's, no scenario's of the extra suite, and that no test of this build has: each in a line that says so.
 */
export function idleSkips({ skip, place }: Build["settings"], tiers: readonly TierResult[], scenarios: readonly string[]): string[] {
  const tests = tiers.flatMap((tier) => tier.tests.map(({ name }) => name));
  const known = [...tierNameSchema.options, ...scenarios, ...tests];
  return Object.keys(skip)
    .filter((name) => !known.some((one) => one === name || one.endsWith(`: ${name}`)))
    .map((name) => {
      const near = nearest(name, known);
      return `${place}: skip: no tier, scenario or test of this build is called ${JSON.stringify(name)}${near === null ? "" : `, did you mean ${JSON.stringify(near)}?`}`;
    });
}
