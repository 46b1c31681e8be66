import type { App } from "../appState.ts";
import { deployTimeoutMs, limitSetBy } from "../deploy.ts";
import type { Site } from "../site.ts";
import { standing } from "../standing.ts";

/**
 * A green needs more than "up once": every app that stands has held for its monitor window with no failure left open. Most of it has
 * passed beside the tiers.
 * @throws what the watch found
 */
export async function converge(site: Site): Promise<void> {
  await Promise.all(standing(site).map((app) => held(app)));
}

async function held(app: App): Promise<void> {
  await app.watch?.converged({ timeoutMs: deployTimeoutMs(app), services: app.compose.services.map((service) => service.name), ...limitSetBy(app.settings) });
}
