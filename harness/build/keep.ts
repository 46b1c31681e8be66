import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Swarm } from "../swarm/types.ts";
import { type KeptRun, rememberRun } from "./kept.ts";
import type { Site } from "./site.ts";

/** Lets the app outlive the build, and writes down how to find it. */
export async function keepRun(site: Site, swarm: Swarm): Promise<KeptRun> {
  const { build } = site;
  // The upgraded app is what later tiers saw; one whose base is broken shows nothing of head.
  const deployed = site.apps.filter((one) => one.watch !== null && one.need === null);
  const app = deployed.find((one) => (one.which === "base") === (build.findings.baseBroken === null)) ?? deployed[0];
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
