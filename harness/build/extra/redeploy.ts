import { deploy } from "../change/deploy.ts";
import { serviceStates } from "../app/serviceState.ts";
import type { Scenario } from "./scenario.ts";

/** The same once more: an operator who deploys again to be sure must not pay with an interruption. */
export const redeploy: Scenario = {
  name: "redeploy",
  whyNot: () => null,
  async run({ site, swarm, app, test }) {
    const before = await serviceStates(swarm.docker, app.stack);
    await deploy(site, swarm, app, { force: true, name: "redeploy" });
    await test(app, { tier: "extra", scenario: "redeploy", before });
  },
};
