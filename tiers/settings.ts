/**
 * What a recipe may say of how it is judged: `recipes/<name>/recipe.ts`, `--config DIR/recipe.ts`, or the same as JSON in the
 * recipe's own `.recipe-ci/recipe.json`. `import { defineRecipe } from "recipe-ci/settings"`.
 */

/** Whatever is left out keeps its default. */
export interface RecipeSettings {
  /** What the watch calls a crash loop. */
  readonly restarts?: {
    /** This many failures of one slot, 1 to 40; 4 by default ... */
    readonly failures?: number;
    /** ... within this many seconds, at most 3600; 300 by default. It has to hold as many restarts. */
    readonly withinSeconds?: number;
    /** Seconds that a task has to stay up until earlier failures are forgotten, 10 to 3600; 120 by default. */
    readonly stableFor?: number;
    /** Seconds after a change in which a dependency that is not ready excuses failures, 10 to 3600; 600 by default. */
    readonly ceiling?: number;
  };
  /** By service name: what it waits for besides what compose says, and what it does not wait for although compose looks like it. */
  readonly dependencies?: Readonly<Record<string, { readonly add?: readonly string[]; readonly remove?: readonly string[] }>>;
}

/** The settings of a recipe, with their types checked while they are written. */
export function defineRecipe(settings: RecipeSettings): RecipeSettings {
  return settings;
}
