import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Swarm } from "../swarm/types.ts";
import type { App } from "./app/appState.ts";
import { type KeptRun, rememberRun } from "./kept.ts";
import type { Site } from "./site.ts";

/** Lets the app outlive the build, and writes down how to find it. */
export async function keepRun(site: Site, swarm: Swarm): Promise<KeptRun> {
  const { build } = site;
  const app = appToKeep(site.apps);
  const forMs = build.request.keepMs;
  if (!app || forMs === null) throw new Error("nothing to keep");
  await swarm.keepFor(forMs);
  const kept: KeptRun = {
    schema: 1,
    run: build.id,
    recipe: app.recipe,
    // From wherever a fix is tried later, the same folder is meant.
    source: existsSync(build.request.source) ? resolve(build.request.source) : build.request.source,
    variant: build.request.variant,
    swarm: swarm.kind,
    container: site.throwaway?.containerId ?? null,
    domain: app.domain,
    stack: app.stack,
    abraDir: app.abra.dir,
    abra: { path: site.abraPath, standIn: site.world?.abra.kind === "stand-in" },
    edge: { address: swarm.edge.address, httpsPort: swarm.edge.httpsPort },
    cache: site.cache && { port: site.cache.port, token: site.cache.token },
    secrets: { ...app.secrets },
    expiresAt: new Date(Date.now() + forMs).toISOString(),
  };
  rememberRun(kept);
  return kept;
}

/** The upgraded app is what later tiers saw; one that was given up shows nothing of head, and is kept only where there is no other. */
export function appToKeep(apps: readonly App[]): App | undefined {
  const deployed = apps.filter((one) => one.watch !== null && one.need === null);
  const up = deployed.filter((one) => !one.givenUp);
  return up.find((one) => one.from !== null && one.tree.side === "head") ?? up.find((one) => one.which === "head") ?? deployed[0];
}
