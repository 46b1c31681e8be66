import { mountsOf } from "../../recipe/backup.ts";
import type { ComposeApp } from "../../recipe/types.ts";
import { lastNameOf, serverOf } from "./database.ts";
import type { Spot, Witness } from "./plan.ts";

type Files = Pick<ComposeApp, "services" | "volumes">;

/**
 * What in the version that runs now may hold what a witness stood for and can't be found: data that was to move there and did not would be
 * lost. Null where there is nothing of the kind: the version gave it up on purpose.
 * @param was the files of the version in which it was planted
 */
export function becameOf(witness: Witness, was: Files, now: Files): string | null {
  return witness.kind === "row" ? newServer(was, now) : (sameVolume(witness.spot, now) ?? newVolume(witness.spot, was, now));
}

/**
 * Services that mounted a volume, are there still, and mount it no more. Whether the data was meant to go nobody can tell: one line
 * that was deleted by mistake looks the same.
 */
export function lostBy(witness: Witness, now: Files): readonly string[] {
  const users = witness.kind === "row" ? [] : witness.spot.at.map(({ service }) => service);
  return [...new Set(users)].filter((user) => now.services.some(({ name }) => name === user));
}

/** Nobody gave up what is still to be mounted: its container is not up, or on another node. */
function sameVolume({ from }: Spot, now: Files): string | null {
  const mounted = mountsOf(now);
  const same = now.volumes.find(({ key, name }) => "volume" in from && name === from.volume && mounted.has(key));
  return same ? `volume ${same.key} itself` : null;
}

/** A volume that only the new version has: at the same path, in the same service, or in one of the same image. */
function newVolume({ at }: Spot, was: Files, now: Files): string | null {
  const known = new Set(was.volumes.map(({ key }) => key));
  const users = new Set(at.map(({ service }) => service));
  const images = new Set(was.services.filter(({ name }) => users.has(name)).map(({ image }) => lastNameOf(image)));
  const isLike = ({ service, path }: Spot["at"][number]) =>
    at.some((one) => one.path === path) || users.has(service) || images.has(lastNameOf(now.services.find(({ name }) => name === service)?.image ?? ""));
  for (const [key, mounts] of mountsOf(now)) {
    const like = known.has(key) ? undefined : mounts.find(isLike);
    if (like) return `volume ${key} (${like.service}: ${like.path})`;
  }
  return null;
}

function newServer(was: Files, now: Files): string | null {
  const [found] = newServers(was, now);
  return found ? `the database server ${found.name}` : null;
}

function newServers(was: Files, now: Files): Files["services"] {
  return now.services.filter((service) => serverOf(service) !== null && !was.services.some(({ name }) => name === service.name));
}

/** Services that are gone, whose rows the one new server of the same engine may have now: by the old name, the new one. */
export function rowsElsewhere(planted: readonly Witness[], was: Files, now: Files): Map<string, string> {
  const all = newServers(was, now);
  return new Map(planted.flatMap((witness): [string, string][] => {
    if (witness.kind !== "row" || now.services.some(({ name }) => name === witness.service)) return [];
    const [only, ...more] = all.filter((service) => serverOf(service) === witness.target.engine);
    return only && more.length === 0 ? [[witness.service, only.name]] : [];
  }));
}
