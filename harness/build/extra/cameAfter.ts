import { FindingError } from "../../base/errors.ts";

/**
 * Work whose findings say what it came after: by itself a finding names a service, and not what a scenario did to the app just before.
 * What is the machine's own (a lease that is lost, say) did not come of it, and stays as it is, like any other error.
 * @param what the build did: "the node was restarted"
 * @throws what the work throws
 */
export async function cameAfter(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FindingError) || error.blame === "infra") throw error;
    throw new FindingError(error.blame, { ...error.reason, summary: `after ${what}: ${error.reason.summary}` }, { cause: error });
  }
}
