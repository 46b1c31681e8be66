import { posix } from "node:path";
import { type BackupPlan, isShared, mountsOf } from "../../recipe/backup.ts";
import type { ComposeApp } from "../../recipe/types.ts";
import { isDataOf, serverOf, type Target } from "./database.ts";
import { dumpedDatabase, type ServerEngine, type Which } from "./dumped.ts";

/** Beside an app's own files: hidden, so that a server of files or a database takes no notice. */
export const markerNames = { first: ".recipe-ci-first", second: ".recipe-ci-second" } as const;

/** Why nobody can look at a spot whose volume nothing uses, here or any more. */
export const unmounted = "no container of the app on this node mounts it";

/** A path in a service's containers. */
export interface At {
  readonly service: string;
  readonly path: string;
}

/** Something that is captured, or kept in a volume. */
export interface Spot {
  /** For people: `wp-content of volume wordpress`. */
  readonly what: string;
  /** Everywhere in the app where the same can be reached. */
  readonly at: readonly At[];
  /** Where a snapshot has it: a volume or a service by its name in Docker, and the path in there (`.` is a volume's root). */
  readonly from: { readonly volume: string } | { readonly service: string };
  readonly inner: string;
  /** In a volume that other apps may use too: nothing is planted there. */
  readonly shared?: boolean;
}

/** A spot after somebody looked. */
export interface SeenSpot {
  readonly spot: Spot;
  /** `unreachable`: no container of the app that this engine has shows it. */
  readonly seen: "directory" | "file" | "absent" | "unreachable";
}

/** Where a witness is to stand. */
export type Witness =
  | { readonly kind: "marker"; readonly what: string; readonly spot: Spot }
  | { readonly kind: "row"; readonly what: string; readonly service: string; readonly target: Target };

/** What no witness can stand for, and why. */
export interface Gap {
  readonly what: string;
  readonly why: string;
}

/** Everything that the bot takes of an app. */
export function capturedSpots({ volumes, containerPaths }: Pick<BackupPlan, "volumes" | "containerPaths">, stack: string): Spot[] {
  const inVolumes = volumes.flatMap(({ key, name, shared, mounts, paths }) => (paths ?? ["."]).map((path) => ({
    what: path === "." ? `volume ${key}` : `${path} of volume ${key}`,
    at: mounts.map((mount) => ({ service: mount.service, path: posix.join(mount.path, path) })),
    from: { volume: name },
    inner: path,
    ...(shared ? { shared } : {}),
  })));
  const outside = containerPaths.map(({ service, path }) => ({ what: `${path} of ${service}`, at: [{ service, path }], from: { service: `${stack}_${service}` }, inner: path }));
  return [...inVolumes, ...outside];
}

/** Every volume of an app, whole: what an upgrade must keep. */
export function keptSpots(app: Pick<ComposeApp, "services" | "volumes">): Spot[] {
  const mounted = mountsOf(app);
  const own = app.volumes.filter((volume) => !isShared(volume));
  const idle = new Set(app.services.filter(({ replicas }) => replicas === 0).map(({ name: service }) => service));
  return own.flatMap(({ key, name }) => {
    const at = mounted.get(key);
    // What no task is to mount was never made.
    return at?.some(({ service }) => !idle.has(service)) ? [{ what: `volume ${key}`, at, from: { volume: name }, inner: "." }] : [];
  });
}

/** A row in every database server of an app: its data must come through an upgrade whatever its volume does. Each of its databases will do. */
export function databaseWitnesses(app: Pick<ComposeApp, "services" | "volumes">): Witness[] {
  const up = app.services.filter(({ replicas }) => replicas !== 0);
  return serversOf({ ...app, services: up }).map((server) => row(server, "any"));
}

interface Server {
  readonly name: string;
  readonly engine: ServerEngine;
}

/** Database servers whose data is this app's alone. */
function serversOf({ services, volumes }: Pick<ComposeApp, "services" | "volumes">): Server[] {
  const shared = new Set(volumes.filter(isShared).map(({ key }) => key));
  return services.flatMap((service) => {
    const engine = serverOf(service);
    return engine === null || Object.values(service.mounts ?? {}).some((key) => shared.has(key)) ? [] : [{ name: service.name, engine }];
  });
}

/**
 * A marker in each captured directory; where that is a database server's, a row in it too: files may come back and what the server says
 * may not. A captured file, or one that is not there yet, is a dump: a row in the live database then, so
 * that the next dump holds it. What neither fits is a gap.
 */
export function planWitnesses(seen: readonly SeenSpot[], app: Pick<ComposeApp, "services" | "volumes">, hooks: BackupPlan["hooks"]): { witnesses: Witness[]; gaps: Gap[] } {
  const witnesses = new Map<string, Witness>();
  const gaps: Gap[] = [];
  const held = new Set(seen.flatMap(({ spot, seen: what }) => (what === "directory" ? spot.at.map(({ service }) => service) : [])));
  for (const { spot, seen: what } of seen) {
    if (spot.shared) {
      gaps.push({ what: spot.what, why: "other apps may use its volume, which is external or has a fixed name, so nothing is planted or changed there" });
      continue;
    }
    if (what === "directory") {
      witnesses.set(spot.what, { kind: "marker", what: `a file in ${spot.what}`, spot });
      for (const found of within(spot, app, hooks)) witnesses.set(found.what, found);
      continue;
    }
    if (what === "unreachable") {
      gaps.push({ what: spot.what, why: unmounted });
      continue;
    }
    const made = hooks.some(({ backupPre }) => backupPre !== null);
    const found = what === "absent" && !made ? [] : behind(spot, app, held, hooks);
    if (found.length === 0) gaps.push({ what: spot.what, why: whyNone(what, made) });
    for (const witness of found) witnesses.set(witness.what, witness);
  }
  return { witnesses: [...witnesses.values()], gaps };
}

function whyNone(seen: "file" | "absent", made: boolean): string {
  if (seen === "file") return "it is a file, and no service is a database that it could be a dump of";
  return made ? "it is not there before the backup, and no service is a database that it could be a dump of" : "it is not there, and no pre-hook could make it";
}

/**
 * The databases that a dump is of: the servers that mount it; else those of the app that have no directory captured of their own; else a
 * sqlite file that stands there itself or that a hook names.
 */
function behind(spot: Spot, app: Pick<ComposeApp, "services" | "volumes">, held: ReadonlySet<string>, hooks: BackupPlan["hooks"]): Witness[] {
  const servers = serversOf(app);
  const beside = servers.filter(({ name }) => spot.at.some(({ service }) => service === name));
  const others = beside.length > 0 ? beside : servers.filter(({ name }) => !held.has(name));
  if (others.length > 0) return others.map((server) => row(server, dumpedDatabase(server.engine, server.name, hooks)));
  return spot.at.slice(0, 1).flatMap(({ service, path }) => {
    const files = [path, ...pathsIn(hooks.find((one) => one.service === service)?.backupPre ?? "")].filter((file) => /\.(db|sqlite3?|sql)\b|sqlite/.test(file));
    return files.length === 0 ? [] : [{ kind: "row", what: `a row in the sqlite database of ${service}`, service, target: { engine: "sqlite", files: [...new Set(files)] } }];
  });
}

/** The servers to which a captured folder belongs: their data as it lies there, all of it, or what they are dumped into. */
function within(spot: Spot, app: Pick<ComposeApp, "services" | "volumes">, hooks: BackupPlan["hooks"]): Witness[] {
  return serversOf(app).flatMap((server) => {
    const service = app.services.find(({ name }) => name === server.name);
    const own = spot.at.filter((at) => at.service === server.name);
    if (!service || own.length === 0) return [];
    const dumped = dumpedDatabase(server.engine, server.name, hooks);
    return [row(server, dumped === "only" && own.some(({ path }) => isDataOf(service, path)) ? "any" : dumped)];
  });
}

function row({ name, engine }: Server, which: Which): Witness {
  return { kind: "row", what: `a row in the ${engine} database of ${name}`, service: name, target: { engine, which } };
}

/** Absolute paths that a command names. */
function pathsIn(command: string): string[] {
  return command.match(/(?<![\w.~-])\/[\w./-]+/g) ?? [];
}
