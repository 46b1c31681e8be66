import { messageOf } from "../../base/errors.ts";
import { removeStack } from "../../swarm/removal.ts";
import type { Swarm } from "../../swarm/types.ts";
import { type App, labelOf } from "../app/appState.ts";
import type { Site } from "../site.ts";

/** For all that an app has on the Swarm, milliseconds. */
const budgetMs = 180_000;

/**
 * Takes an app down that the build is done with, volumes and secrets too, so that the next one has its room: abra first, as an operator
 * would; then whatever it leaves. What stays is a warning: teardown tries again, and tells.
 * @throws only the build's interrupt
 */
export async function retire(site: Site, swarm: Swarm, app: App): Promise<void> {
  const { build } = site;
  app.givenUp = true;
  await app.watch?.stop();
  await build.span(`${labelOf(app)} removed`, async () => {
    try {
      if (app.watch) await app.abra.undeploy(app.domain);
      const left = await removeStack(swarm.docker, app.stack, { budgetMs, signal: build.signal, log: (line) => build.waiting(line) });
      if (left.length > 0) build.warn(`${app.domain} is done with, and stays: ${left.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`);
    } catch (error) {
      build.signal.throwIfAborted();
      build.warn(`${app.domain} is done with, and could not be removed: ${messageOf(error)}`);
    }
  });
}
