import type { TierResult } from "../../../reports/results.ts";

const worst = ["interrupted", "failed", "unverified", "skipped", "passed"] as const;

/** The worse status of two runs of one tier, with its reason, and the tests of both. */
export function joined(first: TierResult, second: TierResult): TierResult {
  const worse = worst.indexOf(first.status) <= worst.indexOf(second.status) ? first : second;
  return { name: second.name, status: worse.status, reason: worse.reason, tests: [...first.tests, ...second.tests] };
}
