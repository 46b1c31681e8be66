import type { InstallExpectations, Label, ServiceState, UpgradeExpectations, WitnessSeen } from "../../../tiers/context.ts";
import { type App, isOverlayFile } from "../app/appState.ts";
import { frontPageOf } from "../app/health.ts";
import { serviceStates } from "../app/serviceState.ts";
import type { Site } from "../site.ts";

/** What the install tier holds a fresh app against: its services are looked at now, when it has settled. */
export async function installExpectations(site: Site, app: App): Promise<InstallExpectations> {
  return { tier: "install", ...(await common(site, app)) };
}

/**
 * @param before the services just before abra was run with head
 * @param witnesses what was planted on base, as it is now
 */
export async function upgradeExpectations(site: Site, app: App, before: readonly ServiceState[], witnesses: readonly WitnessSeen[]): Promise<UpgradeExpectations> {
  const { version } = app.compose;
  return {
    tier: "upgrade",
    ...(await common(site, app)),
    versionLabel: version === null ? null : { key: `coop-cloud.${app.stack}.version`, value: version },
    before,
    witnesses,
    head: app.compose.services.map(({ name, image }) => ({ name, image, digest: site.build.findings.images.find((one) => one.ref === image)?.digest ?? null })),
  };
}

async function common(site: Site, app: App): Promise<Omit<InstallExpectations, "tier">> {
  const swarm = await site.swarm();
  const settled = await serviceStates(swarm.docker, app.stack);
  return { commitLabel: await commitLabel(app), page: frontPageOf(app), settled };
}

/**
 * abra's proof of which commit runs. A tree with the overlay in it is dirty for abra: `+U` is accepted only where overlays are
 * all that differs.
 */
async function commitLabel(app: App): Promise<Label> {
  const dirt = await app.recipeTree.dirt(app.recipe);
  const foreign = dirt.filter((file) => !isOverlayFile(file));
  if (foreign.length > 0) throw new Error(`abra's tree differs from commit ${app.tree.commit} in ${foreign.join(", ")}`);
  return { key: `coop-cloud.${app.stack}.chaos-version`, value: `${app.tree.commit.slice(0, 8)}${dirt.length > 0 ? "+U" : ""}` };
}
