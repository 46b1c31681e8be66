import { rm } from "node:fs/promises";
import { infra, messageOf } from "../../base/errors.ts";
import type { Inventory, Residue, Swarm } from "../../swarm/types.ts";
import { inventoryOf } from "../../swarm/inventory.ts";
import { removeStack } from "../../swarm/removal.ts";
import { residueOf } from "../../swarm/residue.ts";
import { keepRun } from "../keep.ts";
import type { Site } from "../site.ts";

const budgetMs = 180_000;

/**
 * Takes everything down that the build made, newest first, on a budget of its own, and looks whether it is gone.
 * Never throws: what stays is listed with the command that removes it.
 */
export async function teardown(site: Site): Promise<void> {
  const { build } = site;
  const started = performance.now();
  const errors: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    await work().catch((error: unknown) => errors.push(`${what}: ${messageOf(error)}`));
  };
  await attempt("test runner", () => build.span("test runner ended", async () => (await site.runner)?.close()));
  const swarm = await site.swarmIfAny();
  await build.span("watches ended", () => Promise.all(site.apps.map((app) => attempt(`watch of ${app.which}`, async () => app.watch?.stop()))));
  if (swarm && build.request.keepMs !== null && !build.signal.aborted && site.apps.some((app) => app.watch)) {
    await attempt("keep", () => keepRun(site, swarm));
    build.findings.teardown = { status: "kept", residue: [], durationMs: Math.round(performance.now() - started) };
    return;
  }
  const residue: Residue[] = [];
  if (swarm?.kind === "local") {
    for (const entry of build.journal.backwards()) {
      if (entry.kind === "stack") await attempt(`stack ${entry.name}`, async () => residue.push(...(await removeApp(site, swarm, entry.name))));
    }
  }
  if (swarm) await attempt("Swarm", () => build.span("Swarm removed", async () => residue.push(...(await swarm.close()))));
  await attempt("image cache", async () => site.cache?.close());
  await attempt("run folder", () => rm(build.dir, { recursive: true, force: true }));
  await attempt("inventory", async () => residue.push(...(await whatStayed(site, swarm))));
  for (const error of errors) build.warn(`teardown: ${error}`);
  const unique = [...new Map(residue.map((one) => [`${one.kind} ${one.id}`, one])).values()];
  build.findings.teardown = {
    status: unique.length > 0 ? "leaked" : "clean",
    residue: unique,
    durationMs: Math.round(performance.now() - started),
  };
}

/** abra first, as an operator would; then whatever it leaves. */
async function removeApp(site: Site, swarm: Swarm, stack: string): Promise<readonly Residue[]> {
  const signal = AbortSignal.timeout(budgetMs);
  const app = site.apps.find((one) => one.stack === stack);
  if (app?.watch) await app.abra.undeploy(app.domain, { timeoutMs: 60_000, signal });
  return removeStack(swarm.docker, stack, { budgetMs, signal, log: (line) => site.build.waiting(line) });
}

/** By full inventory before and after; on an engine that others use too, only what carries this run's names is ours. */
async function whatStayed(site: Site, swarm: Swarm | null): Promise<Residue[]> {
  if (!site.before || !site.world) return [];
  const after = await inventoryOf([site.world.host]).catch((error: unknown) => {
    throw infra("daemon-gone", "the engine does not answer: what stayed is unknown", "docker ps -a", [], error);
  });
  return residueOf(site.before, after, (resource) => !ours(site, resource, swarm));
}

function ours(site: Site, resource: Inventory["resources"][number], swarm: Swarm | null): boolean {
  if (swarm?.kind === "local") return site.apps.some((app) => resource.name.startsWith(`${app.stack}_`));
  return resource.name.includes(site.build.id);
}
