import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../base/paths.ts";
import type { Swarm } from "../swarm/types.ts";
import type { Expectations, Label, ServiceState, TierContext } from "../../tiers/context.ts";
import { serveRpc } from "../../tiers/rpc/server.ts";
import type { TierName } from "../../reports/results.ts";
import { type App, overlayFile } from "./appState.ts";
import { handlersFor } from "./handlers.ts";
import { allowedCodes, isRouted } from "./ready.ts";
import type { Site } from "./site.ts";
import { serviceStates } from "./serviceState.ts";
import { untilBroken } from "./standing.ts";

const tierTimeoutMs = 600_000;

/**
 * Runs a generic tier's tests against the live app, under the watch: an app that starts to loop ends them.
 * @param before the services just before the change, for upgrade
 * @throws what the watch found, or the build's interrupt
 */
export async function runTier(site: Site, tier: "install" | "upgrade", app: App, before: readonly ServiceState[] | null): Promise<void> {
  const { build } = site;
  const swarm = await site.swarm();
  const runner = await site.testRunner();
  const context = await contextOf(site, swarm, app, tier, before);
  const folder = join(packageRoot, "tiers", tier);
  const files = (await readdir(folder)).filter((file) => file.endsWith(".test.ts")).map((file) => join(folder, file));
  // A Unix socket's path may have 107 bytes: the run's own folder can be longer than that.
  const sockets = await mkdtemp(join(tmpdir(), "rci-"));
  const server = await serveRpc({ socketPath: join(sockets, "calls"), handlers: handlersFor(swarm, app) });
  const signal = untilBroken(site);
  try {
    const result = await build.span(`${tier} tests`, () => runner.run({ tier, files, context, socketPath: server.socketPath, timeoutMs: tierTimeoutMs, signal }));
    build.findings.tiers.push(result);
    for (const test of result.tests) build.emit({ type: "test", tier, name: test.name, status: test.status });
    signal.throwIfAborted();
  } finally {
    await server.close();
    await rm(sockets, { recursive: true, force: true });
  }
}

async function contextOf(site: Site, swarm: Swarm, app: App, tier: TierName, before: readonly ServiceState[] | null): Promise<TierContext> {
  const { findings } = site.build;
  const settled = await serviceStates(swarm.docker, app.stack);
  return {
    domain: app.domain,
    url: `https://${app.domain}`,
    stack: app.stack,
    edge: { address: swarm.edge.address, httpsPort: swarm.edge.httpsPort, trust: swarm.edge.trust },
    recipe: { name: app.recipe, variant: null },
    head: { version: findings.recipe.version, commit: app.tree.commit },
    base: before ? findings.recipe.base : null,
    env: app.env,
    services: app.compose.services.map(({ name, replicas, image }) => ({ name, replicas: replicas ?? 1, image })),
    expect: await expectations(site, app, tier, settled, before),
  };
}

async function expectations(site: Site, app: App, tier: TierName, settled: readonly ServiceState[], before: readonly ServiceState[] | null): Promise<Expectations> {
  const common = { commitLabel: await commitLabel(app), allowedCodes, healthPath: isRouted(app) ? "/" : null, settled };
  if (tier === "install") return { tier, ...common };
  if (tier !== "upgrade") throw new Error(`no expectations for tier ${tier}`);
  const { version } = app.compose;
  return {
    tier,
    ...common,
    versionLabel: version === null ? null : { key: `coop-cloud.${app.stack}.version`, value: version },
    before: before ?? [],
    head: app.compose.services.map(({ name, image }) => ({ name, image, digest: site.build.findings.images.find((one) => one.ref === image)?.digest ?? null })),
  };
}

/**
 * abra's proof of which commit runs. A tree with the overlay in it is dirty for abra: `+U` is accepted only where the overlay is
 * all that differs.
 */
async function commitLabel(app: App): Promise<Label> {
  const dirt = await app.recipeTree.dirt(app.recipe);
  const foreign = dirt.filter((file) => file !== overlayFile);
  if (foreign.length > 0) throw new Error(`abra's tree differs from commit ${app.tree.commit} in ${foreign.join(", ")}`);
  return { key: `coop-cloud.${app.stack}.chaos-version`, value: `${app.tree.commit.slice(0, 8)}${dirt.length > 0 ? "+U" : ""}` };
}
