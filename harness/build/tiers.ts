import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../base/paths.ts";
import type { Swarm } from "../swarm/types.ts";
import type { TierName, TierResult } from "../../reports/results.ts";
import type { Expectations, HookExpectations, ScenarioExpectations, TierContext } from "../../tiers/context.ts";
import { serveRpc } from "../../tiers/rpc/server.ts";
import type { App } from "./appState.ts";
import { handlersFor } from "./handlers.ts";
import type { Site } from "./site.ts";
import { untilBroken } from "./standing.ts";

/** Where the settings give no other. */
const tierTimeoutMs = 600_000;

/** Tests that are run together, as one tier. */
export interface TierRun {
  /** Absolute paths of test files. */
  readonly files: readonly string[];
  /** What they are told besides the app itself; names the tier. */
  readonly expect: Exclude<Expectations, HookExpectations>;
}

/** The test files that every recipe gets in this tier. */
export async function genericFiles(tier: "install" | "upgrade" | "backup" | "restore" | "hooks"): Promise<string[]> {
  return testsIn(join(packageRoot, "tiers", tier));
}

/** Those of one scenario of the extra suite. */
export async function extraFiles(scenario: ScenarioExpectations["scenario"]): Promise<string[]> {
  return testsIn(join(packageRoot, "extra", scenario));
}

async function testsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.endsWith(".test.ts")).map((file) => join(folder, file));
}

/**
 * Runs tests against the live app, under the watch: an app that starts to loop ends them.
 * @returns what they came to, which stands in the findings too
 * @throws what the watch found, or the build's interrupt
 */
export async function runTier(site: Site, app: App, { files, expect }: TierRun): Promise<TierResult> {
  const { build } = site;
  const { tier } = expect;
  const result = await runTests(site, app, { tier, span: `${tier} tests`, files, expect });
  build.findings.tiers.push(result);
  for (const test of result.tests) build.emit({ type: "test", tier, name: test.name, status: test.status });
  untilBroken(site).throwIfAborted();
  return result;
}

/**
 * Runs tests against the live app, and only says what they came to. One that the watch or an interrupt ended comes back as interrupted.
 * @param tier the tier that they count for
 */
export async function runTests(site: Site, app: App, o: { tier: TierName; span: string; files: readonly string[]; expect: Expectations }): Promise<TierResult> {
  const { build } = site;
  const { tier, files, expect } = o;
  const swarm = await site.swarm();
  const runner = await site.testRunner();
  const context = contextOf(site, swarm, app, expect);
  // A Unix socket's path may have 107 bytes: the run's own folder can be longer than that.
  const sockets = await mkdtemp(join(tmpdir(), "rci-"));
  const server = await serveRpc({ socketPath: join(sockets, "calls"), handlers: handlersFor(site, swarm, app, tier) });
  const signal = untilBroken(site);
  try {
    return await build.span(o.span, () => runner.run({ tier, files, context, socketPath: server.socketPath, timeoutMs: build.settings.timeouts.tierMs ?? tierTimeoutMs, signal }));
  } finally {
    await server.close();
    await rm(sockets, { recursive: true, force: true });
  }
}

function contextOf(site: Site, swarm: Swarm, app: App, expect: Expectations): TierContext {
  const { findings } = site.build;
  return {
    domain: app.domain,
    url: `https://${app.domain}`,
    stack: app.stack,
    edge: { address: swarm.edge.address, httpsPort: swarm.edge.httpsPort, httpPort: swarm.edge.httpPort, trust: swarm.edge.trust },
    recipe: { name: app.recipe, variant: site.build.request.variant },
    head: { version: findings.recipe.version, commit: app.tree.commit },
    // A fresh app was upgraded from nothing.
    base: app.from && { version: app.from.version ?? null, commit: app.from.commit },
    env: app.env,
    services: app.compose.services.map(({ name, replicas, image }) => ({ name, replicas: replicas ?? 1, image })),
    expect,
    skip: site.build.settings.skip,
  };
}
