import { FindingError, type Reason, UsageError } from "../../base/errors.ts";
import { notTrusted } from "../../recipe/trust/refusal.ts";

/**
 * What makes base, or a version older than that, undeployable, as a reason that does not blame head.
 * @throws the error itself where it says nothing about base: infra, interrupts, bugs. An overlay that abra refuses was written for it
 */
export function baseBroken(error: unknown, version = "base"): Reason {
  const why = reasonOf(error);
  return {
    class: "base-broken",
    service: why.service,
    summary: `${version} can't be deployed any more: ${why.summary}`,
    evidence: why.evidence,
    hint: `head is not to blame; choose another version to upgrade from with --base (its own trouble: ${why.hint})`,
  };
}

function reasonOf(error: unknown): Omit<Reason, "class"> {
  if (error instanceof FindingError && (error.blame === "recipe" || (error.blame === "harness-limit" && error.reason.class === "abra-refused") || error.reason.class === notTrusted)) return error.reason;
  if (error instanceof UsageError) return { service: null, summary: `${error.where}: ${error.what}`, evidence: [], hint: error.remedy };
  throw error;
}
