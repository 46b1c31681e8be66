import type { Swarm } from "../swarm/types.ts";
import { type KeptRun, rememberRun } from "./kept.ts";
import type { Site } from "./site.ts";

/** Lets the app outlive the build, and writes down how to find it. */
export async function keepRun(site: Site, swarm: Swarm): Promise<KeptRun> {
  const { build } = site;
  const app = site.apps.findLast((one) => one.watch !== null);
  const forMs = build.request.keepMs;
  if (!app || forMs === null) throw new Error("nothing to keep");
  await swarm.keepFor(forMs);
  const kept: KeptRun = {
    schema: 1,
    run: build.id,
    recipe: app.recipe,
    source: build.request.source,
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
