import type { Swarm } from "../../swarm/types.ts";
import type { WitnessSeen } from "../../../tiers/context.ts";
import { type App, nameOf } from "../appState.ts";
import type { Site } from "../site.ts";
import { untilBroken } from "../standing.ts";
import { databaseWitnesses, keptSpots, unmounted, type Witness } from "./plan.ts";
import { Witnesses } from "./witnesses.ts";

/** Plants what a change of version must keep: a marker in each volume, a row in each database server. What can't be planted is a warning. */
export async function plantKept(site: Site, swarm: Swarm, app: App): Promise<Witnesses> {
  const witnesses = new Witnesses(swarm, app.stack, untilBroken(site));
  const seen = await witnesses.see(keptSpots(app.compose));
  const markers = seen.flatMap(({ spot, seen: what }): Witness[] => (what === "directory" ? [{ kind: "marker", what: `a file in ${spot.what}`, spot }] : []));
  const gaps = await witnesses.plant([...markers, ...databaseWitnesses(app.compose)]);
  for (const { what, why } of gaps) site.build.warn(`nothing shows whether ${what} is kept: ${why}`);
  return witnesses;
}

/** What became of them. A volume or a database for which what runs now has no place is a warning: it was given up on purpose. */
export async function keptSince(site: Site, app: App, witnesses: Witnesses): Promise<WitnessSeen[]> {
  const seen = await witnesses.look();
  const services = new Set(app.compose.services.map(({ name }) => name));
  const left = new Set(witnesses.planted.flatMap((witness) => (witness.kind === "row" && !services.has(witness.service) ? [witness.what] : [])));
  return seen.filter(({ what, trouble }) => {
    const given = trouble === unmounted || left.has(what);
    if (given) site.build.warn(`${what} was planted, and ${nameOf(app.tree)} has no place for it`);
    return !given;
  });
}
