import type { Captured } from "../context.ts";

/** Of what the labels name the snapshot has nothing, in words; an empty list is good. */
export function missingContent(captured: readonly Captured[]): string[] {
  return captured
    .filter(({ entries, bytes, mayBeEmpty }) => bytes === 0 && !(mayBeEmpty && entries > 0))
    .map(({ what, entries }) => (entries === 0 ? `${what}: nothing of it is in the snapshot` : `${what}: no file in it holds anything`));
}
