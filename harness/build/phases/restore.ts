import type { Outcome } from "../../abra/outcome.ts";
import { messageOf } from "../../base/errors.ts";
import type { BackupPlan } from "../../recipe/backup.ts";
import type { TierResult } from "../../../reports/results.ts";
import type { App } from "../app/appState.ts";
import { told } from "../backup/backupOutcome.ts";
import { deployTimeoutMs } from "../change/deploy.ts";
import { disturbing } from "../change/disturbing.ts";
import { frontPageOf } from "../app/health.ts";
import { addHook, runHook } from "../tier/hooks.ts";
import { ready } from "../ready/ready.ts";
import { settledAgain } from "../change/settledAgain.ts";
import type { Site } from "../site.ts";
import { underWatch, untilBroken } from "../app/standing.ts";
import { genericFiles, runTier } from "../tier/tiers.ts";
import type { Gap } from "../witness/plan.ts";
import type { BackedUp } from "./backup.ts";

/** A restore with all its hooks may take this long, milliseconds. */
const restoreMs = 900_000;

/**
 * Takes the witnesses away and changes data, lets abra restore this run's snapshot by its id, and waits until the app is up and answers
 * again; restore tier.
 * @param backedUp null where nothing is to be restored: why stands in the findings
 */
export async function restore(site: Site, backedUp: BackedUp | null): Promise<void> {
  const { build } = site;
  if (!backedUp) return;
  const { app, snapshot, witnesses } = backedUp;
  const mutate = app.seeded ? await mutated(site, app) : null;
  const unaltered = await build.span("data changed", () => alter(site, backedUp));
  const altered = unaltered.length > 0 ? [] : await witnesses.look();
  const { outcome, restored } = await restoreSnapshot(site, backedUp, () => runHook(site, app, "restore", "restored"));
  const seen = await build.span("witnesses", () => witnesses.look());
  const verify = app.seeded ? await runHook(site, app, "restore", "verify") : null;
  // Real content that was spoilt and is back shows more than a witness could.
  const shown = mutate?.status === "passed" && verify?.status === "passed";
  await runTier(site, app, {
    files: await genericFiles("restore"),
    expect: {
      tier: "restore",
      restored: { ...told(outcome), snapshot: snapshot.id },
      altered,
      witnesses: seen,
      gaps: shown ? [] : [...backedUp.gaps, ...unaltered],
      page: frontPageOf(app),
    },
  });
  for (const hook of [mutate, backedUp.seed]) addHook(build, "restore", hook, "front");
  for (const hook of [restored, verify]) addHook(build, "restore", hook, "back");
}

/** The hook mutate, which has to have spoilt something: what verifies all the same before the restore shows nothing after it. */
async function mutated(site: Site, app: App): Promise<TierResult | null> {
  const mutate = await runHook(site, app, "restore", "mutate");
  if (mutate?.status !== "passed") return mutate;
  const verify = await runHook(site, app, "restore", "verify", { span: "verify of hooks.ts, which has to fail now" });
  if (verify?.status !== "passed") return mutate;
  return { ...mutate, status: "unverified", reason: "restore: mutate of hooks.ts spoilt nothing: verify passes after it too, so it shows no restore" };
}

/**
 * abra restores this run's snapshot by its id, the recipe's own step does what is left to an operator, and the app is up and answers again.
 * @param step runs the step `restored` of hooks.ts; null where there is none
 * @returns how abra ended, a refusal is no error; and what the step came to, null too where there was nothing to do after
 */
export async function restoreSnapshot(site: Site, { app, bot, labels, snapshot }: BackedUp, step: () => Promise<TierResult | null>): Promise<{ outcome: Outcome; restored: TierResult | null }> {
  const { build } = site;
  const underneath = { targets: disturbed(labels), forMs: restoreMs, why: `snapshot ${snapshot.id.slice(0, 8)} is restored` };
  const outcome = await disturbing(app, underneath, () => build.span("abra app restore", () => underWatch(site, (signal) => bot.restore(app, snapshot.id, signal))));
  await upAgain(site, app);
  if (!outcome.ok || build.tests.hooks === null) return { outcome, restored: null };
  const restored = await disturbing(app, { targets: ["*"], forMs: restoreMs, why: "the step restored of hooks.ts" }, step);
  if (restored) await upAgain(site, app);
  return { outcome, restored };
}

async function upAgain(site: Site, app: App): Promise<void> {
  await site.build.span("settle", () => settledAgain(site, app));
  await ready(site, await site.swarm(), app, deployTimeoutMs(app));
}

/** @returns what could not be altered: a restore of it would show nothing */
async function alter(site: Site, { bot, witnesses }: BackedUp): Promise<Gap[]> {
  try {
    await witnesses.alter(bot.image);
    return [];
  } catch (error) {
    untilBroken(site).throwIfAborted();
    return [{ what: "what was planted", why: `it could not be taken away: ${messageOf(error)}` }];
  }
}

/** Services whose data changes under them, and those in which hooks run. */
function disturbed({ volumes, hooks }: Pick<BackupPlan, "volumes" | "hooks">): string[] {
  const users = volumes.flatMap(({ mounts }) => mounts.map(({ service }) => service));
  const hooked = hooks.filter(({ restorePre, restorePost }) => restorePre !== null || restorePost !== null).map(({ service }) => service);
  return [...new Set([...users, ...hooked])];
}
