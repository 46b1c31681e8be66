import { addedKeys, envValues } from "../../recipe/envfile.ts";
import { recipeFile } from "../../recipe/files.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { UpgradeExpectations } from "../../../tiers/context.ts";
import { moveTo } from "../app/app.ts";
import { type App, nameOf, type Tree } from "../app/appState.ts";
import { deploy } from "./deploy.ts";
import { upgradeExpectations } from "../tier/expectations.ts";
import { prune } from "./prune.ts";
import { serviceStates } from "../app/serviceState.ts";
import type { Site } from "../site.ts";
import { type KeptWitnesses, keptSince } from "../witness/kept.ts";

/** What an operator has to add to the .env, by name. */
export type Added = ReturnType<typeof addedKeys>;

/**
 * Another version in place of the one that runs, as an operator does it: keys and secrets that are new in it are added first, services that
 * left it are removed after.
 * @param witnesses what was planted in the one that runs
 * @returns what the app is held against then; what was added
 * @throws as `deploy`
 */
export async function inPlace(site: Site, swarm: Swarm, app: App, tree: Tree, witnesses: KeptWitnesses): Promise<{ expect: UpgradeExpectations; added: Added }> {
  const { build } = site;
  const before = await build.span("snapshot", () => serviceStates(swarm.docker, app.stack));
  const added = await build.span(`move to ${nameOf(tree)}`, () => move(site, swarm, app, tree));
  await deploy(site, swarm, app, { force: true, name: tree.side === "head" ? "upgrade" : "rollback" });
  await build.span("prune", () => prune(site, swarm, app));
  const kept = await build.span("witnesses looked for", () => keptSince(site, app, witnesses));
  return { expect: await upgradeExpectations(site, app, before, kept), added };
}

/** Real content that is there after as before shows more than a witness could of which nobody knows what became. */
export function withoutUnknown(expect: UpgradeExpectations): UpgradeExpectations {
  return { ...expect, witnesses: expect.witnesses.filter(({ trouble }) => trouble === null) };
}

/**
 * A forced deploy of a tree is no `abra app upgrade` or `rollback`: commands that only those run have not been tried.
 * @returns that; null where there are none
 */
export function commandsNotRun({ env }: Pick<App, "env">, key: "POST_UPGRADE_CMDS" | "POST_ROLLBACK_CMDS"): string | null {
  return (env[key] ?? "").trim() === "" ? null : `${key} were not run: abra runs them only between releases`;
}

async function move(site: Site, swarm: Swarm, app: App, tree: Tree): Promise<Added> {
  const sample = async (dir: string) => (await recipeFile(dir, ".env.sample")) ?? "";
  const [old, next] = [await sample(app.tree.dir), await sample(tree.dir)];
  // What an older one had is in the .env still.
  const isNew = (key: string) => tree.side === "head" && !(key in envValues(old));
  await moveTo(site, swarm, app, tree, Object.fromEntries(Object.entries(envValues(next)).filter(([key]) => isNew(key))));
  return addedKeys(old, next);
}
