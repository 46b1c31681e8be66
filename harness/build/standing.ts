import type { App } from "./appState.ts";
import type { Site } from "./site.ts";

/** Apps that have to stay up until the end: deployed, and not given up as a base that no longer deploys. */
export function standing(site: Pick<Site, "apps">): App[] {
  return site.apps.filter((app) => app.watch !== null && !app.givenUp);
}

/**
 * Aborts when the build is interrupted, or when any app that stands breaks: not only the one that is worked on. A fresh
 * install that starts to loop while base is deployed beside it ends the build then, not at its end.
 */
export function untilBroken(site: Pick<Site, "apps" | "build">): AbortSignal {
  return AbortSignal.any([site.build.signal, ...standing(site).flatMap(({ watch }) => (watch ? [watch.broken] : []))]);
}

/** Whether it is another app's watch that ended the work on this one. */
export function brokeBeside(site: Pick<Site, "apps">, app: App, error: unknown): boolean {
  return standing(site).some((other) => other !== app && other.watch?.broken.aborted && other.watch.broken.reason === error);
}
