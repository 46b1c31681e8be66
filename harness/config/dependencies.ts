import type { DependencyEdits } from "./recipe.ts";

type Graph = Readonly<Record<string, readonly string[]>>;

/** What edits make of the dependencies that compose has. */
export interface Edited {
  readonly dependencies: Record<string, string[]>;
  /** Additions that were left out: `service` would excuse what waits for it, along `path`. */
  readonly cycles: readonly { readonly service: string; readonly path: readonly string[] }[];
  /** Removals of what was not there. */
  readonly idle: readonly { readonly service: string; readonly name: string }[];
}

/**
 * Adds and removes dependencies. All removals come first, so that a wait can be turned round. What would close a circle is left
 * out: a service must never excuse one that it waits for. Names of services that the graph lacks are left out too: another
 * version or variant of the recipe may have them.
 */
export function editDependencies(found: Graph, edits: DependencyEdits): Edited {
  const graph = new Map(Object.entries(found).map(([name, needs]) => [name, [...needs]]));
  const known = Object.entries(edits).filter(([service]) => graph.has(service));
  const idle: { service: string; name: string }[] = [];
  for (const [service, { remove }] of known) {
    const needs = graph.get(service) ?? [];
    for (const name of remove) if (graph.has(name) && !needs.includes(name)) idle.push({ service, name });
    graph.set(service, needs.filter((name) => !remove.includes(name)));
  }
  const cycles: { service: string; path: string[] }[] = [];
  for (const [service, { add }] of known) {
    for (const name of add.filter((one) => graph.has(one))) {
      const path = pathFrom(graph, name, service);
      const needs = graph.get(service) ?? [];
      if (path) cycles.push({ service, path });
      else if (!needs.includes(name)) graph.set(service, [...needs, name].sort());
    }
  }
  return { dependencies: Object.fromEntries(graph), cycles, idle };
}

/** How `from` waits for `to`, both included; null where it does not. */
function pathFrom(graph: ReadonlyMap<string, readonly string[]>, from: string, to: string): string[] | null {
  const open: string[][] = [[from]];
  const seen = new Set<string>();
  for (let path = open.shift(); path; path = open.shift()) {
    const last = path.at(-1) ?? from;
    if (last === to) return path;
    if (seen.has(last)) continue;
    seen.add(last);
    for (const next of graph.get(last) ?? []) open.push([...path, next]);
  }
  return null;
}
