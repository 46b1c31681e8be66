/** How `abra app deploy` ended where not well: with an error of its own; by its hard limit; by the build, which needed it no more. */
export type AbraEnd = "refused" | "hung" | "ended";

export interface AfterAbra {
  readonly end: AbraEnd;
  /** The recipe has POST_DEPLOY_CMDS: abra waits for the app by its own rules, and then runs them. */
  readonly commands: boolean;
  /** Every service of the change was created or updated: what abra was asked for stands in the Swarm. */
  readonly reached: boolean;
  /** The app was up when abra ended, and had been for the monitor window, which abra waits for too. */
  readonly converged: boolean;
}

/**
 * What abra's end means, from the Swarm's state and never from abra's words, which may be translated.
 * - `unneeded`: it hung, but what it was to do is done; the watch decides.
 * - `gave-up`: its own wait ended without an app that is up, which is no verdict; the watch decides, then the commands have still to run.
 * - `refused`: it said no before all was deployed, or its commands failed in an app that was up; or nobody knows what it still had to do.
 */
export function nextAfter({ end, commands, reached, converged }: AfterAbra): "unneeded" | "gave-up" | "refused" {
  if (!reached) return "refused";
  if (!commands) return end === "refused" ? "refused" : "unneeded";
  return end === "refused" && !converged ? "gave-up" : "refused";
}
