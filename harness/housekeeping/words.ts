import { humanBytes } from "../base/bytes.ts";
import type { Kept } from "./housekeep.ts";
import { type Decision, type Limit, type Thing } from "./retention.ts";

/** Of what goes or stays for one reason, so many are named. */
const fewNames = 5;

/** How long ago, for people: days, below two of them hours. */
export function ageInWords(ms: number): string {
  const hours = Math.max(ms, 0) / 3_600_000;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} days`;
}

/** What there is of a kind and what it may take: `3, 1.2 GB, the oldest unused for 4 days; limit 2 days, 5.0 GB`. */
export function useInWords(things: readonly Thing[], limit: Limit, now: number): string {
  // Images have none of their own: what they may take is what the disk has.
  const limits = Number.isFinite(limit.ageMs) ? `; limits: ${ageInWords(limit.ageMs)}, ${humanBytes(limit.bytes)}` : "";
  if (things.length === 0) return `none${limits}`;
  const oldest = Math.min(...things.map(({ usedAt }) => usedAt));
  const held = things.filter(({ hold }) => hold !== null).length;
  return `${things.length}, ${humanBytes(sum(things))}, the oldest unused for ${ageInWords(now - oldest)}${held > 0 ? `, ${held} held` : ""}${limits}`;
}

/** One line a kind, below it one for each reason for which things go, and with `all` also for those for which they stay. */
export function houseInWords(kept: readonly Kept[], { dryRun, all, now }: { dryRun: boolean; all: boolean; now: number }): string[] {
  return kept.flatMap(({ kind, limit, decisions, left, unseen }) => {
    if (limit === null) return [`${kind}: nobody knows what there is: ${unseen}`];
    const stuck = new Set(left.map(({ id }) => id));
    const reasons = Map.groupBy(decisions.filter(({ thing }) => !stuck.has(thing.id)), ({ goes, why }) => JSON.stringify([goes, why]));
    const lines = [...reasons.values()].filter(([first]) => all || first?.goes).map((some) => `  ${reasonInWords(some, dryRun)}`);
    return [`${kind}: ${useInWords(decisions.map(({ thing }) => thing), limit, now)}`, ...lines, ...left.map(({ id, why }) => `  still there: ${id}: ${why}`)];
  });
}

function reasonInWords(some: readonly Decision[], dryRun: boolean): string {
  const [first] = some;
  const things = some.map(({ thing }) => thing);
  const does = first?.goes ? (dryRun ? "would go" : "gone") : "stays";
  const line = `${does}, ${first?.why}: ${things.length} (${humanBytes(sum(things))})`;
  // Of what simply stays nobody wants the names.
  if (!first?.goes && first?.thing.hold === null) return line;
  const names = things.slice(0, fewNames).map(({ id }) => id).join(", ");
  const more = things.length > fewNames ? ` and ${things.length - fewNames} more` : "";
  return `${line}: ${names}${more}`;
}

function sum(things: readonly Thing[]): number {
  return things.reduce((total, { bytes }) => total + bytes, 0);
}
