import type { App } from "./appState.ts";
import type { Site } from "../site.ts";

/** Apps that have to stay up until the end: deployed, of the recipe under test, and not given up as a base that no longer deploys. */
export function standing(site: Pick<Site, "apps">): App[] {
  return site.apps.filter((app) => app.which !== "need" && app.watch !== null && !app.givenUp);
}

/**
 * Aborts when the build is interrupted, or when any app that stands breaks: not only the one that is worked on. A fresh
 * install that starts to loop while base is deployed beside it ends the build then, not at its end.
 */
export function untilBroken(site: Pick<Site, "apps" | "build">): AbortSignal {
  return AbortSignal.any([site.build.signal, ...standing(site).flatMap(({ watch }) => (watch ? [watch.broken] : []))]);
}

/** As `untilBroken`, for work on one app: what the recipe needs does not stand, and yet ends what is done to it. */
export function untilOver(site: Pick<Site, "apps" | "build" | "needsAbandon">, app: App): AbortSignal {
  if (app.which !== "need") return untilBroken(site);
  return AbortSignal.any([untilBroken(site), site.needsAbandon.signal, ...(app.watch ? [app.watch.broken] : [])]);
}

/**
 * Work on an app that ends when the build is interrupted or an app that stands breaks.
 * @throws why it was ended, whatever that made fail; what the work throws
 */
export async function underWatch<T>(site: Pick<Site, "apps" | "build">, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = untilBroken(site);
  try {
    return await work(signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Whether it is another app's watch that ended the work on this one. */
export function brokeBeside(site: Pick<Site, "apps">, app: App, error: unknown): boolean {
  return standing(site).some((other) => other !== app && other.watch?.broken.aborted && other.watch.broken.reason === error);
}
