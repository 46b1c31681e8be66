import { type Assumption, assume } from "./types.ts";

/** What leaves the node without a Swarm, so it comes last. */
export const lastAssumptions: readonly Assumption[] = [
  assume("no-swarm", "R", "deploy refuses a daemon that is in no Swarm", async (w) => {
    const app = await w.app();
    await w.shell("docker swarm leave --force");
    await w.refused(["app", "deploy", "-n", "-C", "-o", "-c", "--no-domain-checks", app.domain], /FATA.*swarm/);
  }),
];
