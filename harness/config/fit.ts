import { humanDuration } from "../base/clock.ts";
import { UsageError } from "../base/errors.ts";
import { editDependencies } from "./dependencies.ts";
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
}

/** What a loop is where nothing is set: as watch/limits.ts has it. */
export interface LoopDefaults {
  readonly failures: number;
  readonly withinMs: number;
}

/**
 * Checks settings against the recipe that they are for.
 * @returns what is odd about them and does no harm
 * @throws UsageError naming place and key: a service that no compose file has, a window that no loop can fill, waits in a circle
 */
export function checkFit(settings: Settings, composition: Composition, defaults: LoopDefaults): string[] {
  checkWindow(settings, composition, defaults);
  checkNames(settings, composition.names);
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
    for (const [where, name] of [["", service], ...add.map((one) => [".add", one]), ...remove.map((one) => [".remove", one])] as [string, string][]) {
      if (names.includes(name)) continue;
      const near = nearest(name, names);
      const at = where === "" ? "dependencies" : `dependencies.${service}${where}`;
      throw new UsageError(place, `${at}: no service ${JSON.stringify(name)}${near === null ? "" : `, did you mean ${JSON.stringify(near)}?`}`, `the recipe's services are ${names.join(", ")}`);
    }
  }
}
