import type { History } from "../types.ts";

/**
 * Everything that a service waits for, directly or not, nearest first. What itself waits for the service is left out:
 * in a cycle nobody excuses anybody.
 */
export function waitsFor(history: History, service: string): string[] {
  return reach(history, service).filter((name) => name !== service && !reach(history, name).includes(service));
}

function reach(history: History, from: string): string[] {
  const found: string[] = [];
  const queue = [...(history.dependencies[from] ?? [])];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (found.includes(name)) continue;
    found.push(name);
    queue.push(...(history.dependencies[name] ?? []));
  }
  return found;
}
