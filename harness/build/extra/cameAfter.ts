import { FindingError } from "../../base/errors.ts";

/**
 * An error that says what it came after: a finding alone names a service, and not what a scenario did to the app just before. What is
 * the machine's own (a lease that is lost, say) did not come of it, and stays as it is, like any other error.
 * @param what the build did: "the node was restarted"
 */
export function cameAfter(error: unknown, what: string): unknown {
  if (!(error instanceof FindingError) || error.blame === "infra") return error;
  return new FindingError(error.blame, { ...error.reason, summary: `after ${what}: ${error.reason.summary}` }, { cause: error });
}
