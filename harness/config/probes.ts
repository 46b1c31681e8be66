import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";

/** What has to answer before an app is ready, besides its front page. */
export type Probe = { readonly name: string; readonly after: readonly string[]; /** Null: as `timeouts.ready`. */ readonly timeoutMs: number | null } & (
  | { readonly kind: "http"; readonly path: string; readonly codes: readonly number[] | null; readonly text: string | null }
  | { readonly kind: "tcp"; readonly service: string; readonly port: number; readonly connects: number }
  | { readonly kind: "command"; readonly service: string; readonly command: readonly string[] }
);

/** @throws UsageError where a probe waits for one that does not exist, or in a circle */
export function checkOrder(probes: readonly Probe[], place: string): void {
  const names = probes.map(({ name }) => name);
  const known = new Set(names);
  for (const { name, after } of probes) {
    for (const other of after) {
      if (known.has(other)) continue;
      const near = nearest(other, names);
      throw new UsageError(place, `probes.${name}.after: no probe ${JSON.stringify(other)}${near === null ? "" : `, did you mean ${JSON.stringify(near)}?`}`, `the probes are ${names.join(", ")}`);
    }
  }
  const stuck = circular(probes);
  if (stuck.length > 0) throw new UsageError(place, `probes wait for each other in a circle: ${stuck.join(", ")}`, "take one out of an after");
}

/** Those that wait for themselves in the end, and those that wait for them. */
function circular(probes: readonly Probe[]): string[] {
  const left = new Map(probes.map(({ name, after }) => [name, new Set(after).size]));
  const waiting = new Map<string, string[]>();
  for (const { name, after } of probes) for (const other of new Set(after)) waiting.set(other, [...(waiting.get(other) ?? []), name]);
  const ready = probes.flatMap(({ name, after }) => (after.length === 0 ? [name] : []));
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    left.delete(name);
    for (const next of waiting.get(name) ?? []) {
      const count = (left.get(next) ?? 0) - 1;
      left.set(next, count);
      if (count === 0) ready.push(next);
    }
  }
  return [...left.keys()];
}

/**
 * The probes that make sense for what is deployed. A service that only another version or variant has is not asked, and nobody
 * waits for it.
 * @param services those that are deployed
 */
export function probesFor(probes: readonly Probe[], services: readonly string[]): Probe[] {
  const asked = probes.filter((probe) => probe.kind === "http" || services.includes(probe.service));
  const names = new Set(asked.map(({ name }) => name));
  return asked.map((probe) => ({ ...probe, after: probe.after.filter((name) => names.has(name)) }));
}
