import type { TierName } from "../../reports/results.ts";

/** The tag that makes a test one of the extra tier, wherever its file is. */
export const extraTag = "extra";

/**
 * vitest's filter for a file in a tier; null where all its tests belong to the tier.
 * @param byTag only its tests with the tag are extra: it lies in no folder `extra/` of the recipe's tests
 */
export function tagsFilter(tier: TierName, byTag: boolean): string[] | null {
  if (tier === "custom") return [`!${extraTag}`];
  return tier === "extra" && byTag ? [extraTag] : null;
}

/** Whether a test is of another tier than the one that its file is run for. */
export function isOfAnotherTier(filter: readonly string[] | null, tags: readonly string[]): boolean {
  if (filter === null) return false;
  return tags.includes(extraTag) !== filter.includes(extraTag);
}
