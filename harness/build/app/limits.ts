import type { Settings } from "../../config/recipe.ts";
import type { App } from "./appState.ts";

/** A deployment may take this long whatever its label says, milliseconds; no label lets it take longer than a day: beyond 24 days a timer ends at once. */
const leastMs = 600_000;
const mostMs = 86_400_000;

/** Who set the limit of a deployment, where settings did. */
export function limitSetBy({ timeouts, place }: Pick<Settings, "timeouts" | "place">): { readonly timeoutSetBy?: string } {
  return timeouts.deployMs === undefined ? {} : { timeoutSetBy: `timeouts.deploy in ${place}` };
}

/**
 * The recipe's own timeout label is for abra's wait. The watch decides much earlier, so this only bounds what never ends, and a
 * label that is shorter than a health check's patience makes no red. Settings are taken at their word.
 */
export function deployTimeoutMs(app: Pick<App, "compose" | "stack"> & { readonly settings: Pick<Settings, "timeouts"> }): number {
  const { timeouts } = app.settings;
  if (timeouts.deployMs !== undefined) return timeouts.deployMs;
  const label = app.compose.services.find((service) => service.name === "app")?.labels[`coop-cloud.${app.stack}.timeout`];
  const seconds = Number(label);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(Math.max(seconds * 1000, leastMs), mostMs) : leastMs;
}
