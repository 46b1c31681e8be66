import { rm } from "node:fs/promises";
import { infra, messageOf } from "../../base/errors.ts";
import type { Inventory, Residue, Swarm } from "../../swarm/types.ts";
import { inventoryOf } from "../../swarm/inventory.ts";
import { removeStack } from "../../swarm/removal.ts";
import { residueOf } from "../../swarm/residue.ts";
import { keepRun } from "../keep.ts";
import type { Site } from "../site.ts";

const budgetMs = 180_000;

/** What went wrong while taking down, collected: one failure never stops the rest. */
class Attempts {
  readonly errors: string[] = [];

  async try(what: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.errors.push(`${what}: ${messageOf(error)}`);
      return false;
    }
  }
}

/**
 * Takes everything down that the build made, newest first, on a budget of its own, and looks whether it is gone; with `--keep`
 * the app stays. Never throws: what stays is listed with the command that removes it.
 */
export async function teardown(site: Site): Promise<void> {
  const { build } = site;
  const wanted = build.request.keepMs !== null && !build.signal.aborted && site.apps.some((app) => app.watch);
  if (wanted) return letGo(site, build.id, async (swarm) => void (await keepRun(site, swarm)));
  const started = performance.now();
  const attempts = new Attempts();
  await endWatching(site, attempts);
  const residue = await removeAll(site, attempts);
  const looked = await attempts.try("inventory", async () => residue.push(...(await whatStayed(site))));
  // Nobody looked, so nobody knows: that is not clean.
  if (!looked) residue.push({ kind: "container", id: "unknown", name: "what stayed is unknown: the engine did not answer", remove: "docker ps -a" });
  report(site, attempts, { status: residue.length > 0 ? "leaked" : "clean", residue: unique(residue), started });
}

/**
 * Ends what belongs to this process and leaves the app where it is.
 * @param run the kept run's id
 * @param before is told the Swarm while it is still held
 */
export async function letGo(site: Site, run: string, before: (swarm: Swarm) => Promise<void> = async () => {}): Promise<void> {
  const started = performance.now();
  const attempts = new Attempts();
  await endWatching(site, attempts);
  const swarm = await site.swarmIfAny();
  if (swarm) await attempts.try("keep", () => before(swarm));
  site.throwaway?.detach();
  await attempts.try("image cache", async () => site.cache?.close());
  const app: Residue = { kind: swarm?.kind === "local" ? "service" : "node", id: run, name: site.apps.at(-1)?.domain ?? run, remove: `recipe-ci rm ${run}` };
  report(site, attempts, { status: "kept", residue: [app], started });
}

async function endWatching(site: Site, attempts: Attempts): Promise<void> {
  const { build } = site;
  await attempts.try("test runner", () => build.span("test runner ended", async () => (await site.runner)?.close()));
  const stops = site.apps.map((app) => attempts.try(`watch of ${app.which}`, async () => app.watch?.stop()));
  await build.span("watches ended", () => Promise.all(stops));
}

async function removeAll(site: Site, attempts: Attempts): Promise<Residue[]> {
  const { build } = site;
  const residue: Residue[] = [];
  const swarm = await site.swarmIfAny();
  if (swarm?.kind === "local") {
    for (const entry of build.journal.backwards()) {
      if (entry.kind === "stack") await attempts.try(`stack ${entry.name}`, async () => residue.push(...(await removeApp(site, swarm, entry.name))));
    }
  }
  if (swarm) await attempts.try("Swarm", () => build.span("Swarm removed", async () => residue.push(...(await swarm.close()))));
  await attempts.try("image cache", async () => site.cache?.close());
  await attempts.try("run folder", () => rm(build.dir, { recursive: true, force: true }));
  return residue;
}

function report(site: Site, attempts: Attempts, said: { status: "clean" | "leaked" | "kept"; residue: Residue[]; started: number }): void {
  for (const error of attempts.errors) site.build.warn(`teardown: ${error}`);
  const { status, residue, started } = said;
  site.build.findings.teardown = { status, residue, durationMs: Math.round(performance.now() - started) };
}

function unique(residue: readonly Residue[]): Residue[] {
  return [...new Map(residue.map((one) => [`${one.kind} ${one.id}`, one])).values()];
}

/** abra first, as an operator would; then whatever it leaves. */
async function removeApp(site: Site, swarm: Swarm, stack: string): Promise<readonly Residue[]> {
  const signal = AbortSignal.timeout(budgetMs);
  const app = site.apps.find((one) => one.stack === stack);
  if (app?.watch) await app.abra.undeploy(app.domain, { timeoutMs: 60_000, signal });
  return removeStack(swarm.docker, stack, { budgetMs, signal, log: (line) => site.build.waiting(line) });
}

/** By full inventory before and after; on an engine that others use too, only what carries this run's names is ours. */
async function whatStayed(site: Site): Promise<Residue[]> {
  if (!site.before || !site.world) return [];
  const after = await inventoryOf([site.world.host]).catch((error: unknown) => {
    throw infra("daemon-gone", "the engine does not answer: what stayed is unknown", "docker ps -a", [], error);
  });
  return residueOf(site.before, after, (resource) => !ours(site, resource));
}

function ours(site: Site, resource: Inventory["resources"][number]): boolean {
  const stacks = site.build.journal.backwards().flatMap((entry) => (entry.kind === "stack" ? [entry.name] : []));
  return resource.name.includes(site.build.id) || stacks.some((stack) => resource.name.startsWith(`${stack}_`));
}
