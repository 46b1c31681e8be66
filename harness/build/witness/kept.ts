import type { ComposeApp } from "../../recipe/types.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { WitnessSeen } from "../../../tiers/context.ts";
import { type App, nameOf } from "../app/appState.ts";
import type { Site } from "../site.ts";
import { untilBroken } from "../app/standing.ts";
import { becameOf, lostBy, rowsElsewhere } from "./heirs.ts";
import { databaseWitnesses, type Gap, keptSpots, unmounted, type Witness } from "./plan.ts";
import { Witnesses } from "./witnesses.ts";

/** What stands in an app that a change of version, or a restart, must keep. */
export class KeptWitnesses extends Witnesses {
  /** The files of the version in which it was planted. */
  readonly files: ComposeApp;
  /** Volumes and databases for which nothing stands, and why. */
  readonly bare: readonly Gap[];

  private constructor(swarm: Swarm, app: App, signal: AbortSignal, bare: Gap[]) {
    super(swarm, app.stack, signal);
    this.files = app.compose;
    this.bare = bare;
  }

  /** A marker in each volume, a row in each database server. */
  static async plant(site: Site, swarm: Swarm, app: App): Promise<KeptWitnesses> {
    const bare: Gap[] = [];
    const witnesses = new KeptWitnesses(swarm, app, untilBroken(site), bare);
    const seen = await witnesses.see(keptSpots(app.compose));
    const markers = seen.map(({ spot }): Witness => ({ kind: "marker", what: `a file in ${spot.what}`, spot }));
    const all = [...markers, ...databaseWitnesses(app.compose)];
    const gaps = await witnesses.plant(all);
    for (const gap of gaps) {
      const other = beside(all.find(({ what }) => what === gap.what), witnesses.planted, app.compose);
      if (other) site.build.warn(`nothing shows whether ${gap.what} is kept but ${other.what}: ${gap.why}`);
      else bare.push(gap);
    }
    return witnesses;
  }
}

/** A row in the server that mounts a volume says as much as a marker in it, and the other way round. */
function beside(missed: Witness | undefined, planted: readonly Witness[], { services }: Pick<ComposeApp, "services">): Witness | undefined {
  const uses = (witness: Witness): readonly string[] => (witness.kind === "marker" ? witness.spot.at.map(({ service }) => service) : services.some(({ name }) => name === witness.service) ? [witness.service] : []);
  const wanted = missed ? uses(missed) : [];
  return planted.find((witness) => witness.kind !== missed?.kind && uses(witness).some((service) => wanted.includes(service)));
}

/** Plants what a change of version, or a restart, must keep. What can't be planted is told by `keptSince`. */
export function plantKept(site: Site, swarm: Swarm, app: App): Promise<KeptWitnesses> {
  return KeptWitnesses.plant(site, swarm, app);
}

/**
 * What became of them. One for which what runs now has no place is a warning where nothing new could hold it: it was given up on purpose.
 * Where something could, where a service stays without the volume, and where nothing could be planted, nobody knows.
 */
export async function keptSince(site: Site, app: App, witnesses: KeptWitnesses): Promise<WitnessSeen[]> {
  const { files, planted, wanted } = witnesses;
  const services = new Set(app.compose.services.map(({ name }) => name));
  const elsewhere = rowsElsewhere(planted, files, app.compose);
  const seen = await witnesses.look({ services, elsewhere });
  const found = seen.flatMap((one, index) => {
    const witness = planted[index];
    const isGone = witness && (one.trouble === unmounted || (witness.kind === "row" && !services.has(witness.service) && !isWhole(one)));
    if (!isGone) return [one];
    const heir = becameOf(witness, files, app.compose);
    if (heir !== null) return [{ ...one, trouble: `it is not where ${nameOf(app.tree)} may keep it, ${heir}, or nobody could look there` }];
    const [user] = lostBy(witness, app.compose);
    if (user !== undefined) return [{ ...one, trouble: `service ${user} of ${nameOf(app.tree)} no longer mounts it, and nobody can tell whether the data was meant to go` }];
    site.build.warn(`${one.what} was planted, and ${nameOf(app.tree)} has no place for it`);
    return [];
  });
  return [...found, ...witnesses.bare.map(({ what, why }) => ({ what, wanted, first: null, second: null, trouble: `it could not be planted: ${why}` }))];
}

function isWhole({ wanted, first, second }: WitnessSeen): boolean {
  return first === wanted && second === wanted;
}
