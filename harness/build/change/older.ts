import { join } from "node:path";
import { FindingError, type Reason } from "../../base/errors.ts";
import { treeAt } from "../../recipe/tree.ts";
import type { Version } from "../../recipe/types.ts";
import type { Swarm } from "../../swarm/types.ts";
import { newApp, watchApp } from "../app/app.ts";
import type { App, Tree } from "../app/appState.ts";
import { baseBroken } from "./base-broken.ts";
import { deploy } from "./deploy.ts";
import { pullLate } from "../pulled.ts";
import type { Plan } from "../plan.ts";
import { retire } from "./retire.ts";
import type { Site } from "../site.ts";
import { brokeBeside } from "../app/standing.ts";

/** Why an older version no longer deploys. */
export interface Broken {
  readonly why: Reason;
  /** A registry says that an image of it does not exist: nobody can have this version any more. */
  readonly withdrawn: boolean;
}

/**
 * An app of a version that nobody needed until now: files, images, deployed. One that no longer deploys is taken down again.
 * @throws infra, interrupts, the break of an app beside it
 */
export async function deployOlder(site: Site, swarm: Swarm, plan: Plan, version: Version): Promise<App | Broken> {
  const { build } = site;
  const tree: Tree = { side: "base", commit: version.commit, dir: join(build.dir, `older-${version.commit}`), version: version.tag };
  let app: App | null = null;
  try {
    await treeAt(plan.checkout, tree.commit, tree.dir, build.signal);
    app = await newApp(site, swarm, { checkout: plan.checkout, which: "older", tree, settings: build.settings, asked: build.request.env });
    await pullLate(site, app);
    const broken = await deployBase(site, swarm, app);
    if (!broken) return app;
    await retire(site, swarm, app);
    return { why: broken, withdrawn: false };
  } catch (error) {
    if (app && brokeBeside(site, app, error)) throw error;
    const why = baseBroken(error, version.tag);
    if (app) await retire(site, swarm, app);
    return { why, withdrawn: error instanceof FindingError && error.reason.class === "image-missing" };
  }
}

/**
 * Deploys a version that head is to be upgraded from.
 * @returns why it is broken, and is given up then; null where it is up
 * @throws infra, interrupts, the break of an app beside it
 */
export async function deployBase(site: Site, swarm: Swarm, app: App): Promise<Reason | null> {
  try {
    await site.build.span(app.from?.version ?? "base", async () => {
      await watchApp(site, swarm, app);
      await deploy(site, swarm, app, { force: false });
    });
    return null;
  } catch (error) {
    if (brokeBeside(site, app, error)) throw error;
    const why = baseBroken(error, app.which === "base" ? "base" : app.from?.version);
    app.givenUp = true;
    return why;
  }
}
