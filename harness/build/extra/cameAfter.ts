import { FindingError } from "../../base/errors.ts";

/**
 * A finding that says what it came after: by itself it names a service, and not what a scenario did to the app just before.
 * @param what the build did: "the node was restarted"
 */
export function cameAfter(error: FindingError, what: string): FindingError {
  return new FindingError(error.blame, { ...error.reason, summary: `after ${what}: ${error.reason.summary}` }, { cause: error });
}
