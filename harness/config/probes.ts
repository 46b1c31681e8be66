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
  for (const { name, after } of probes) {
    for (const other of after) {
      if (names.includes(other)) continue;
      const near = nearest(other, names);
      throw new UsageError(place, `probes.${name}.after: no probe ${JSON.stringify(other)}${near === null ? "" : `, did you mean ${JSON.stringify(near)}?`}`, `the probes are ${names.join(", ")}`);
    }
  }
  const settled = new Set<string>();
  for (let left = probes; left.length > 0; ) {
    const next = left.filter(({ after }) => !after.every((name) => settled.has(name)));
    if (next.length === left.length) {
      throw new UsageError(place, `probes wait for each other in a circle: ${left.map(({ name }) => name).join(", ")}`, "take one out of an after");
    }
    for (const { name } of left) if (!next.some((probe) => probe.name === name)) settled.add(name);
    left = next;
  }
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
