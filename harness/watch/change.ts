import type { History } from "./types.ts";

/** Whether each of these services was created or updated since the snapshot that the change is measured against. */
export function hasReached({ change, services }: History, names: readonly string[]): boolean {
  return names.every((name) => {
    const service = services.find((one) => one.name === name);
    const before = change.before[name];
    return service !== undefined && (before?.id !== service.id || before.version !== service.version);
  });
}
