import { UsageError } from "../base/errors.ts";
import type { LimitName, Limits } from "./types.ts";

export const defaultLimits: Limits = {
  failures: 4,
  withinMs: 300_000,
  stableForMs: 120_000,
  ceilingMs: 600_000,
  unhealthyKills: 2,
  rejections: 2,
  noNodeMs: 60_000,
  stuckNewMs: 60_000,
  daemonSilenceMs: 20_000,
  source: { place: ".recipe-ci/recipe.json", set: [] },
};

/** Limits that measurements fix: no recipe changes them. */
export const fixed = {
  /** What crashes at once is trusted after this much life at the earliest. */
  leastTrustMs: 10_000,
  /** A dependency without a health check, whose sockets nobody can read, is taken as ready after this. */
  blindReadyMs: 120_000,
  /** A loop of zero exits with a longer explicit delay is a schedule. */
  scheduleDelayMs: 10_000,
  /** Swarm starts an update within this time of accepting it. */
  updateStartMs: 500,
  /** Two ends that belong together may be stamped this far apart: each takes 135 to 374 ms from death to stamp. */
  stampLagMs: 500,
  /** Old tasks that an update was paused with may be dying at that moment. */
  pausedMs: 2_000,
  /** A port's last holder may still be going. */
  portReleaseMs: 5_000,
  /** A daemon is given up only after this many calls without a good answer. */
  silentAttempts: 3,
} as const;

/** The history remembers 48 ends of each slot. */
const mostCount = 40;
const counts: readonly LimitName[] = ["failures", "unhealthyKills", "rejections"];

export type LimitChanges = Partial<Omit<Limits, "source">>;

/**
 * The default limits with `changes` on top.
 * @param place the file that the changes come from, or where they would stand: `recipes/wordpress/recipe.ts`
 * @throws UsageError for an unknown name and for anything but positive numbers (whole ones for counts)
 */
export function limitsWith(changes: LimitChanges, place: string): Limits {
  const where = `${place}: restarts`;
  const names = Object.keys(defaultLimits).filter((name) => name !== "source");
  for (const [name, value] of Object.entries(changes)) {
    if (!names.includes(name)) throw new UsageError(where, `unknown limit ${name}`, `use one of ${names.join(", ")}`);
    const whole = counts.includes(name as LimitName);
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0 || (whole && (!Number.isInteger(value) || value > mostCount))) {
      throw new UsageError(where, `${name} is ${String(value)}`, whole ? `give a whole number from 1 to ${mostCount}` : "give a number above 0");
    }
  }
  return { ...defaultLimits, ...changes, source: { place, set: Object.keys(changes) as LimitName[] } };
}
