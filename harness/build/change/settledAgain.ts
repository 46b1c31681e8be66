import { orAbort } from "../../base/wait.ts";
import type { App } from "../app/appState.ts";
import type { Site } from "../site.ts";
import { untilBroken } from "../app/standing.ts";

/** An app that was up and is not after this time will not come back by itself, milliseconds. */
const limitMs = 300_000;

/**
 * Waits until an app is up and nothing in it is being updated: a service whose old task is about to be stopped has all its replicas
 * too, and what is run in that task then ends half way.
 * @param timeoutMs where all of it starts anew, as long as a deployment
 * @throws FindingError as the watch judged
 */
export async function settledAgain(site: Pick<Site, "apps" | "build">, app: App, timeoutMs: number = limitMs): Promise<void> {
  const services = app.compose.services.map(({ name }) => name);
  if (app.watch) await orAbort(app.watch.settled({ timeoutMs, services }), untilBroken(site));
}
