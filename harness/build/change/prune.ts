import { bounded } from "../../swarm/bounded.ts";
import type { Swarm } from "../../swarm/types.ts";
import { type App, nameOf } from "../app/appState.ts";
import { disturbing } from "./disturbing.ts";
import type { Site } from "../site.ts";
import { serviceStates } from "../app/serviceState.ts";

/** Swarm takes a removal down and answers; what is removed stops later. */
const removalMs = 30_000;

/**
 * abra deploys without pruning, so what the files no longer name stays up. An operator removes it by hand; so does the build, and
 * says so: it is no fault of the recipe.
 */
export async function prune(site: Site, swarm: Swarm, app: App): Promise<void> {
  const named = new Set(app.compose.services.map((service) => service.name));
  const left = (await serviceStates(swarm.docker, app.stack)).map((state) => state.name).filter((name) => !named.has(name));
  if (left.length === 0) return;
  await disturbing(app, { targets: left, forMs: 60_000, why: "services that left the recipe are pruned" }, async () => {
    for (const name of left) {
      await bounded(`removal of service ${name}`, swarm.docker.getService(`${app.stack}_${name}`).remove(), removalMs);
      site.build.warn(`service ${name} is not in ${nameOf(app.tree)} and abra leaves it running: operators remove it with docker service rm STACK_${name}`);
    }
  });
}
