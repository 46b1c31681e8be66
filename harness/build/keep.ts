import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type Docker from "dockerode";
import { UsageError } from "../base/errors.ts";
import { prolongKept } from "../queue/lease.ts";
import { placeOf } from "../swarm/place.ts";
import type { Swarm } from "../swarm/types.ts";
import type { App } from "./app/appState.ts";
import type { Build } from "./context.ts";
import { type KeptRun, rememberRun } from "./kept.ts";
import type { Site } from "./site.ts";

const placeMs = 20_000;

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
    place: site.world && (await placeOf(site.world.host, swarm.kind, AbortSignal.timeout(placeMs))),
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

/** Teardown and report of what is tried on a kept run are done within this time, milliseconds. */
const afterDeadlineMs = 900_000;

/**
 * Nobody may sweep a kept run's app while something is tried on it: its lease is to stand for as long as that may take. A throwaway
 * node lives for as long as it hears of a build.
 * @throws UsageError where there is no such run any more; FindingError infra (lease)
 */
export async function holdKept(build: Build, docker: Docker, kept: KeptRun): Promise<void> {
  if (kept.swarm !== "local") return;
  const wanted = new Date(Date.now() + build.request.deadlineMs + afterDeadlineMs).toISOString();
  const until = await prolongKept(docker, kept.run, wanted, build.signal);
  if (until === null) throw new UsageError(`run ${kept.run}`, "is not kept any more: its time was over, or somebody removed it", `recipe-ci rm ${kept.run} forgets it`);
  if (until === kept.expiresAt) return;
  rememberRun({ ...kept, expiresAt: until });
  build.note(`run ${kept.run} is kept until ${until}`);
}
