import type { TierName } from "../../reports/results.ts";

/** The tag that makes a test one of the extra tier, wherever its file is. */
export const extraTag = "extra";

/** vitest's filter for a file in a tier; null where all its tests belong to the tier. Below a folder `extra/` all are extra. */
export function tagsFilter(tier: TierName, file: string): string[] | null {
  if (tier === "custom") return [`!${extraTag}`];
  return tier === "extra" && !file.split("/").slice(0, -1).includes("extra") ? [extraTag] : null;
}

/** Whether a test is of another tier than the one that its file is run for. */
export function isOfAnotherTier(filter: readonly string[] | null, tags: readonly string[]): boolean {
  if (filter === null) return false;
  return tags.includes(extraTag) !== filter.includes(extraTag);
}
