import type { Mask } from "../../../base/mask.ts";
import type { ConfinedLimits, LimitHit } from "../../../swarm/confined.ts";
import type { TierResult } from "../../../../reports/results.ts";

/**
 * What fails at a limit of ours is not the recipe's fault, and proves nothing. A tier that passed all the same, or that the build itself
 * ended, keeps what it says. Pure.
 */
export function limited(result: TierResult, hit: LimitHit | null, limits: ConfinedLimits): TierResult {
  if (hit === null || result.status === "passed" || result.status === "interrupted") return result;
  const limit = hit === "memory" ? `${Math.round(limits.memory / 1024 ** 2)} MiB of memory (untrusted.memory in host.json)` : `${limits.processes} processes (untrusted.processes in host.json)`;
  return { ...result, status: "unverified", reason: `${result.name}: harness-limit: a pull request's tests have ${limit}, and these wanted more${result.reason === null ? "" : `; ${result.reason}`}` };
}

/** The words of a result without what its tests want hidden; what it came to stays as it is. */
export function hidden(result: TierResult, mask: Mask): TierResult {
  return {
    ...result,
    reason: result.reason === null ? null : mask.text(result.reason),
    tests: result.tests.map((test) => ({ ...test, name: mask.text(test.name), error: test.error === null ? null : mask.text(test.error) })),
  };
}
