import type { WitnessSeen } from "../context.ts";

/** Witnesses that are not as they were planted, in words; an empty list is good. */
export function lostWitnesses(witnesses: readonly WitnessSeen[]): string[] {
  return witnesses.filter(({ trouble }) => trouble === null).flatMap(({ what, wanted, first, second }) => [
    ...(first === wanted ? [] : [`${what}: the first of two ${saysNow(first)}`]),
    ...(second === wanted ? [] : [`${what}: the second of two ${saysNow(second)}`]),
  ]);
}

/** Witnesses of which nobody knows what became. */
export function unseenWitnesses(witnesses: readonly WitnessSeen[]): string[] {
  return witnesses.flatMap(({ what, trouble }) => (trouble === null ? [] : [`${what} (${trouble})`]));
}

/** Witnesses that show nothing because their removal or change did not take hold: what is still there needs no restore. */
export function unmovedWitnesses(witnesses: readonly WitnessSeen[]): string[] {
  return witnesses.filter(({ wanted, first, second }) => first === wanted || second === wanted).map(({ what }) => `${what} was not taken away`);
}

function saysNow(half: string | null): string {
  return half === null ? "is gone" : `says "${half.slice(0, 60)}"`;
}
