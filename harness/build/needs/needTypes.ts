import type { Settings } from "../../config/recipe.ts";
import type { Checkout } from "../../recipe/types.ts";
import type { TierResult } from "../../../reports/results.ts";
import type { App, Tree } from "../app/appState.ts";

/** A recipe that the tested one needs, fetched: its newest release, and how it wants to be judged. */
export interface NeedRecipe {
  readonly checkout: Checkout;
  readonly tree: Tree;
  readonly settings: Settings;
  /** Its version tag; null where it has no release. */
  readonly version: string | null;
}

/** What came of connecting the app with what it needs. */
export interface Wired {
  /** Why its own tests can't be run, which proves nothing about the recipe; null where they can. */
  readonly not: string | null;
  /** The step wire of hooks.ts, a test of the tier that it ran in; null where there is none. */
  readonly step: TierResult | null;
}

/** A recipe that is deployed beside the tested one, for its own tests. */
export interface Need {
  /** As the settings name it. */
  readonly name: string;
  /** Chosen before anything is deployed: the app under test is told. */
  readonly domain: string;
  /** From when it is known that tests will use it. */
  recipe: Promise<NeedRecipe> | null;
  /** Its deployment from when that is begun: null where it came up, else why it did not. */
  coming: Promise<string | null> | null;
  /** Its app once that is up. */
  app: App | null;
}
