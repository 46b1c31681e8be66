import type { History } from "../types.ts";

/** Dependencies change with a change of the app only, and are asked for at each look. */
const known = new WeakMap<History["dependencies"], Map<string, readonly string[]>>();

/**
 * Everything that a service waits for, directly or not, nearest first. What itself waits for the service is left out:
 * in a cycle nobody excuses anybody.
 */
export function waitsFor({ dependencies }: History, service: string): readonly string[] {
  const found = known.get(dependencies) ?? new Map<string, readonly string[]>();
  known.set(dependencies, found);
  const needs = found.get(service) ?? reach(dependencies, service).filter((name) => !reach(dependencies, name).includes(service));
  found.set(service, needs);
  return needs;
}

function reach(dependencies: History["dependencies"], from: string): string[] {
  const found: string[] = [];
  const needs = (name: string) => (Object.hasOwn(dependencies, name) ? (dependencies[name] ?? []) : []);
  const queue = [...needs(from)];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (found.includes(name)) continue;
    found.push(name);
    queue.push(...needs(name));
  }
  return found;
}
