import type { Overlay } from "../../config/overlays.ts";
import type { ComposeApp, ComposeService } from "../../recipe/types.ts";
import { whyNotBeside } from "../app/beside.ts";

/** Which services of an app may run on any node, and how the others are kept on one, as operators do it. */

/** It keeps nothing on its node: no volume, no path of the node, and nobody says where it has to run. */
export function mayMove({ volumes, binds = [], constraints = [], replicas }: ComposeService): boolean {
  return volumes.length === 0 && binds.length === 0 && constraints.length === 0 && replicas !== null && replicas > 0;
}

/** Data in a volume does not follow a task to another node: without a place of its own it would start there with an empty one. */
function staysWithItsData({ volumes, binds = [], constraints = [] }: ComposeService): boolean {
  return constraints.length === 0 && (volumes.length > 0 || binds.length > 0);
}

/** Keeps services with data on the manager; null where there are none. */
export function pinned(services: readonly ComposeService[]): Overlay | null {
  const names = services.filter(staysWithItsData).map(({ name }) => name);
  if (names.length === 0) return null;
  const compose = { services: Object.fromEntries(names.map((name) => [name, { deploy: { placement: { constraints: ["node.role == manager"] } } }])) };
  return { at: "the scenario drain", scope: "head", reason: "volumes are local to a node", expires: "9999-12-31", compose };
}

/** What keeps an app from being deployed once more beside itself and on two nodes; null where nothing does. */
export function whyNotSpread(app: Pick<ComposeApp, "services" | "volumes">): string | null {
  const clash = whyNotBeside(app, app);
  if (clash !== null) return clash;
  if (app.services.some(mayMove)) return null;
  return "every service keeps its data on a node, runs on each, or says itself where it has to run: none can move";
}
