import { humanDuration } from "../../base/clock.ts";

/** What a service that was killed may take until it is back. */
export interface Patience {
  /** What Swarm waits before it starts another one, milliseconds. */
  readonly delayMs: number;
  /** How long its health check lets it take, milliseconds; null where nobody checks. */
  readonly healthMs: number | null;
}

export interface Budget {
  readonly ms: number;
  /** How it came about, for people. */
  readonly words: string;
}

/** A service without a health check may take this long at least, milliseconds: machines are slow now and then. */
const leastMs = 30_000;

/**
 * How long an app may take to be back after a service of it was killed: Swarm's delay and what the service's health check allows;
 * without one twice what the app's deployment took. As much again for the longest row of services that wait for it, since they may have
 * died of it. What failed once is only trusted again after a while.
 * @param needs by service: what it waits for
 * @param tookMs the app's longest deployment
 * @param trustMs how long the watch distrusts a service that failed
 */
export function budgetOf(service: string, services: ReadonlyMap<string, Patience>, needs: ReadonlyMap<string, readonly string[]>, { tookMs, trustMs }: { readonly tookMs: number; readonly trustMs: number }): Budget {
  const own = (name: string) => patienceOf(services.get(name), tookMs);
  const longest = (name: string, above: readonly string[]): number => {
    const waiting = [...needs].flatMap(([other, names]) => (names.includes(name) && !above.includes(other) && other !== name ? [other] : []));
    return own(name) + Math.max(0, ...waiting.map((other) => longest(other, [...above, name])));
  };
  const [ownMs, rowMs] = [own(service), longest(service, [])];
  const { delayMs, healthMs } = services.get(service) ?? { delayMs: 0, healthMs: null };
  const start = healthMs === null ? `${humanDuration(ownMs - delayMs)}, twice what its deployment took` : `${humanDuration(healthMs)} by its health check`;
  const row = rowMs > ownMs ? `, ${humanDuration(rowMs - ownMs)} for what waits for it` : "";
  return { ms: rowMs + trustMs, words: `restart delay ${humanDuration(delayMs)}, ${start}${row}, ${humanDuration(trustMs)} until what failed is trusted` };
}

function patienceOf(patience: Patience | undefined, tookMs: number): number {
  if (!patience) return 0;
  return patience.delayMs + (patience.healthMs ?? Math.max(leastMs, 2 * tookMs));
}
