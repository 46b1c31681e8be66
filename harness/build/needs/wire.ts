import { FindingError } from "../../base/errors.ts";
import type { TierResult } from "../../../reports/results.ts";
import { moveTo } from "../app/app.ts";
import type { App } from "../app/appState.ts";
import { deploy } from "../change/deploy.ts";
import { runHook } from "../tier/hooks.ts";
import type { Wired } from "./needTypes.ts";
import type { Plan } from "../plan.ts";
import type { Site } from "../site.ts";
import { untilBroken } from "../app/standing.ts";
import { needsUp } from "./needs.ts";

/**
 * All that the recipe's own tests need besides the app: what it needs is up, and the app is connected with it by the step `wire` of
 * hooks.ts. Done once, in whichever of the two tiers comes first.
 * @throws the build's interrupt; what the watch of the app under test found
 */
export function wired(site: Site, plan: Plan, app: App, tier: "custom" | "extra"): Promise<Wired> {
  site.wired ??= site.needs.size === 0 ? Promise.resolve(unwired) : connect(site, plan, app, tier);
  return site.wired;
}

const unwired: Wired = { not: null, step: null };

async function connect(site: Site, plan: Plan, app: App, tier: "custom" | "extra"): Promise<Wired> {
  const { build } = site;
  const not = await build.span("needs", () => needsUp(site, plan));
  if (not !== null) return { not, step: null };
  let env: Readonly<Record<string, string>> = {};
  const step = await runHook(site, app, tier, "wire", { wired: (values) => (env = values) });
  if (step && step.status !== "passed") return { not: `the app could not be connected with ${[...site.needs.keys()].join(", ")}: ${whyNot(step)}`, step };
  return { not: Object.keys(env).length === 0 ? null : await build.span("deploy with wire's values", () => redeployed(site, app, env)), step };
}

function whyNot({ tests, reason, status }: TierResult): string {
  return tests.find(({ error }) => error)?.error?.split("\n", 1)[0] ?? reason ?? status;
}

/** Only abra changes an app. One that does not come up again with these values is not held against the recipe. */
async function redeployed(site: Site, app: App, env: Readonly<Record<string, string>>): Promise<string | null> {
  const swarm = await site.swarm();
  app.wired = env;
  try {
    await moveTo(site, swarm, app, app.tree);
    await deploy(site, swarm, app, { force: true });
    return null;
  } catch (error) {
    site.build.signal.throwIfAborted();
    if (!(error instanceof FindingError) || error.blame === "infra") throw error;
    app.givenUp = true;
    untilBroken(site).throwIfAborted();
    return `with what wire of hooks.ts put into its .env (${Object.keys(env).join(", ")}) the app does not come up: ${error.message}`;
  }
}
