import { addedKeys, envValues } from "../../recipe/envfile.ts";
import type { Reason } from "../../base/errors.ts";
import { recipeFile } from "../../recipe/files.ts";
import { changedFiles, deployedFiles } from "../../recipe/changes.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { TierResult } from "../../../reports/results.ts";
import { moveTo, watchApp } from "../app.ts";
import type { App } from "../appState.ts";
import { baseBroken } from "../base-broken.ts";
import type { Build } from "../context.ts";
import { deploy } from "../deploy.ts";
import { doubt } from "../doubt.ts";
import { upgradeExpectations } from "../expectations.ts";
import { skipDeclared } from "../declaredSkips.ts";
import { addHook, runHook } from "../hooks.ts";
import type { Site } from "../site.ts";
import { prune } from "../prune.ts";
import { serviceStates } from "../serviceState.ts";
import { brokeBeside } from "../standing.ts";
import { genericFiles, runTier } from "../tiers.ts";
import { keptSince, plantKept } from "../witness/kept.ts";
import type { Plan } from "./prepare.ts";

/**
 * Base, then head in place. A base that no longer deploys is `base-broken` and not head's fault; where nothing is older, or
 * nothing that is deployed differs, the tier is a structural skip.
 */
export async function upgrade(site: Site, plan: Plan): Promise<void> {
  const { build } = site;
  if (!build.request.tiers.includes("upgrade")) return;
  if (build.findings.recipe.base && skipDeclared(build, "upgrade")) return;
  if (build.findings.baseBroken) return unverified(build, build.findings.baseBroken);
  const skip = await whyNot(site, plan);
  if (skip !== null || !plan.upgraded) {
    build.findings.tiers.push(skipped(skip ?? "the recipe has no older version"));
    return;
  }
  const swarm = await site.swarm();
  const app = plan.upgraded;
  const broken = await deployBase(site, swarm, app);
  if (broken) return unverified(build, broken);
  const witnesses = await build.span("witnesses", () => plantKept(site, swarm, app));
  const seed = await runHook(site, app, "upgrade", "seed");
  const before = await build.span("snapshot", () => serviceStates(swarm.docker, app.stack));
  await build.span("move to head", () => toHead(site, swarm, plan, app));
  await deploy(site, swarm, app, { force: true });
  await build.span("prune", () => prune(site, swarm, app));
  const kept = await build.span("witnesses looked for", () => keptSince(site, app, witnesses));
  await runTier(site, app, { files: await genericFiles("upgrade"), expect: await upgradeExpectations(site, app, before, kept) });
  addHook(build, "upgrade", seed && onBase(seed), "front");
  if (app.seeded) addHook(build, "upgrade", await runHook(site, app, "upgrade", "verify"), "back");
  doubtCommands(site, app);
}

/** Content that can't be made on base says nothing about head. */
function onBase(seed: TierResult): TierResult {
  return seed.status === "failed" ? { ...seed, status: "unverified", reason: `on base, ${seed.reason}` } : seed;
}

/** A forced deploy of a tree is no `abra app upgrade`: commands that only that runs have not been tried. */
function doubtCommands({ build }: Site, app: App): void {
  if ((app.env.POST_UPGRADE_CMDS ?? "").trim() === "") return;
  doubt(build, "upgrade", "POST_UPGRADE_CMDS were not run: abra runs them only between releases");
}

async function whyNot(site: Site, plan: Plan): Promise<string | null> {
  if (!plan.upgraded) return "the recipe has no older version";
  const changed = deployedFiles(await changedFiles(plan.checkout, plan.upgraded.tree.commit, site.build.signal));
  return changed.length === 0 ? "nothing that is deployed differs between base and head" : null;
}

/** The rung that a broken base leaves open. */
function unverified(build: Build, broken: Reason): void {
  build.findings.baseBroken = broken;
  build.findings.tiers.push({ name: "upgrade", status: "unverified", reason: broken.summary, tests: [] });
}

function skipped(reason: string): TierResult {
  return { name: "upgrade", status: "skipped", reason, tests: [] };
}

/** @returns why base is broken, or null where it is up; infra, interrupts and the break of a fresh head beside it pass through */
async function deployBase(site: Site, swarm: Swarm, app: App): Promise<Reason | null> {
  try {
    await site.build.span("base", async () => {
      await watchApp(site, swarm, app);
      await deploy(site, swarm, app, { force: false });
    });
    return null;
  } catch (error) {
    if (brokeBeside(site, app, error)) throw error;
    const why = baseBroken(error);
    app.givenUp = true;
    return why;
  }
}

/** What an operator does before an upgrade: new env keys and secrets of head are added first, and listed for them. */
async function toHead(site: Site, swarm: Swarm, plan: Plan, app: App): Promise<void> {
  const sample = async (dir: string) => (await recipeFile(dir, ".env.sample")) ?? "";
  const [old, next] = [await sample(app.tree.dir), await sample(plan.headTree.dir)];
  const added = addedKeys(old, next);
  site.build.findings.recipe.operatorMustAdd = added;
  const values = envValues(next);
  const isNew = (key: string) => !(key in envValues(old));
  const wanted = Object.fromEntries(Object.entries(values).filter(([key]) => isNew(key)));
  await moveTo(site, swarm, app, plan.headTree, wanted);
}
