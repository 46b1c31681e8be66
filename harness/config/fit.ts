import { humanDuration } from "../base/clock.ts";
import { UsageError } from "../base/errors.ts";
import { editDependencies } from "./dependencies.ts";
import { checkOverlayFit } from "./overlays.ts";
import type { Settings } from "./recipe.ts";
import { nearest } from "../base/nearest.ts";

/** What settings are checked against: the recipe as it is to be deployed. */
export interface Composition {
  /** Services of all its compose files, also of those that this build leaves out. */
  readonly names: readonly string[];
  /** The dependencies that its compose files have. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  /** What Swarm waits before each restart, by service, milliseconds. */
  readonly restartDelaysMs: readonly number[];
  /** Whether visitors can come: a service has the label traefik.enable=true. */
  readonly routed: boolean;
}

/** What a loop is where nothing is set: as watch/limits.ts has it. */
export interface LoopDefaults {
  readonly failures: number;
  readonly withinMs: number;
}

/**
 * Checks settings against the recipe that they are for.
 * @param now the day by which overlays expire
 * @returns what is odd about them and does no harm
 * @throws UsageError naming place and key: a service that no compose file has, a window that no loop can fill, waits in a circle,
 * a page of a recipe that has none, an overlay that has expired or adds a service to head
 */
export function checkFit(settings: Settings, composition: Composition, defaults: LoopDefaults, now: Date): string[] {
  checkWindow(settings, composition, defaults);
  checkNames(settings, composition.names);
  checkProbes(settings, composition);
  for (const overlay of settings.overlays) checkOverlayFit(overlay, settings.place, composition.names, now);
  const { cycles, idle } = editDependencies(composition.dependencies, settings.dependencies);
  const [cycle] = cycles;
  if (cycle) {
    const [first = "", ...rest] = cycle.path;
    throw new UsageError(
      settings.place,
      `dependencies.${cycle.service}.add: ${first} itself waits for ${cycle.service} (${[first, ...rest].join(" > ")})`,
      `a service must not excuse what it waits for: leave it out, or take a wait out first: dependencies.${first}.remove: ["${rest[0] ?? ""}"]`,
    );
  }
  return idle.map(({ service, name }) => `${settings.place}: dependencies.${service}.remove: ${service} does not wait for ${name} anyway`);
}

/** A window in which Swarm can't restart often enough would never be filled: no loop would ever be one. */
function checkWindow({ place, limits }: Settings, { restartDelaysMs }: Composition, defaults: LoopDefaults): void {
  if (limits.failures === undefined && limits.withinMs === undefined) return;
  const { failures, withinMs } = { ...defaults, ...limits };
  const delayMs = Math.min(...restartDelaysMs);
  const restarts = Math.max(1, failures - 1);
  if (restartDelaysMs.length === 0 || withinMs >= restarts * delayMs) return;
  throw new UsageError(
    place,
    `restarts: ${failures} ${failures === 1 ? "failure" : "failures"} never fit into ${withinMs / 1000} s, Swarm waits ${humanDuration(delayMs)} before each restart`,
    `give restarts.withinSeconds at least ${Math.ceil((restarts * delayMs) / 1000)}, or fewer restarts.failures`,
  );
}

function checkNames({ place, dependencies }: Settings, names: readonly string[]): void {
  for (const [service, { add, remove }] of Object.entries(dependencies)) {
    checkService(place, "dependencies", service, names);
    for (const name of add) checkService(place, `dependencies.${service}.add`, name, names);
    for (const name of remove) checkService(place, `dependencies.${service}.remove`, name, names);
  }
}

function checkProbes({ place, health, probes }: Settings, { names, routed }: Composition): void {
  for (const probe of probes) if (probe.kind !== "http") checkService(place, `probes.${probe.name}.service`, probe.service, names);
  if (routed) return;
  const page = probes.find(({ kind }) => kind === "http");
  const asked = page ? `probes.${page.name}` : health.path !== "/" || health.codes !== null || health.text !== null ? "health" : null;
  if (asked === null) return;
  throw new UsageError(place, `${asked} asks for a page, and no service of the recipe has the label traefik.enable=true`, "use a probe of kind tcp or command");
}

function checkService(place: string, at: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const near = nearest(name, names);
  throw new UsageError(place, `${at}: no service ${JSON.stringify(name)}${near === null ? "" : `, did you mean ${JSON.stringify(near)}?`}`, `the recipe's services are ${names.join(", ")}`);
}
