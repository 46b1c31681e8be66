import type { Abra } from "../../abra/abra.ts";
import type { RecipeTree } from "../../abra/tree.ts";
import type { Side } from "../../config/overlays.ts";
import type { Settings } from "../../config/recipe.ts";
import type { ComposeApp } from "../../recipe/types.ts";
import type { Capped } from "../../watch/types.ts";
import type { Watch } from "../../watch/watch.ts";

/** The file in the recipe's tree on the node with what this host needs. */
export const overlayFile = "compose.recipe-ci.yml";

/** Whether a file in that tree is the harness's, and not the recipe's: the one above, limits, or an overlay of the settings. */
export function isOverlayFile(file: string): boolean {
  return /^compose\.recipe-ci(?:\.\d+|\.limits)?\.yml$/.test(file);
}

/** One commit of the recipe, with its files in a folder of this machine. */
export interface Tree {
  readonly side: Side;
  readonly commit: string;
  readonly dir: string;
  /** Its tag, of an older one. */
  readonly version?: string;
}

/** One deployed instance of a recipe: its domain and stack, an ABRA_DIR of its own, its watch. */
export interface App {
  /** Begins with head; with base; with a version older than that; one more of head, on two nodes; a recipe that this one needs, at its newest release. */
  readonly which: "head" | "base" | "older" | "spread" | "need";
  /** The older version that it began with, to be upgraded from; null for a fresh one. */
  readonly from: Tree | null;
  /** By which name the recipe under test needs it; null for that one's own. */
  readonly need: string | null;
  readonly domain: string;
  readonly stack: string;
  readonly abra: Abra;
  /** abra's private clone of the recipe on the node. */
  readonly recipeTree: RecipeTree;
  readonly recipe: string;
  /** How its recipe wants to be judged. */
  readonly settings: Settings;
  /** Values for its .env that whoever started the build asked for: they win over the settings. */
  readonly asked: Readonly<Record<string, string>>;
  /** Values for its .env that the recipe's step wire answered. */
  wired: Readonly<Record<string, string>>;
  /** What is or will be deployed. */
  tree: Tree;
  compose: ComposeApp;
  /** The app's .env as it was written last. */
  env: Readonly<Record<string, string>>;
  /** Secret values by name, as generated. */
  secrets: Readonly<Record<string, string>>;
  watch: Watch | null;
  /** The compose files that were laid over the recipe's own: what each says it is for, and whether this host needs it or the settings want it. */
  overlays: readonly { readonly said: string; readonly text: string; readonly host: boolean; readonly capped?: Capped }[];
  /** Services that the overlay for this host gives other ports than the recipe does. */
  overlaid: readonly string[];
  /** The recipe's hooks.ts has put real content into it. */
  seeded: boolean;
  /** The longest that a deployment took until the app was ready, milliseconds. */
  tookMs: number;
  /** An older version that no longer deploys, or an app that the build is done with: what its watch says is not held against head. */
  givenUp: boolean;
}

/** For people: `head`, `1.0.0+1.25`. */
export function nameOf({ side, version }: Tree): string {
  return version ?? side;
}

/** In names of folders and files: `head`, `base`, `older-1.0.0-1.25`, `keycloak`. */
export function labelOf({ which, from, need }: Pick<App, "which" | "from" | "need">): string {
  if (need) return need;
  return which === "older" && from ? `older-${(from.version ?? from.commit).replaceAll(/[^\w.]+/g, "-")}` : which;
}

/** Before an app's files were read. */
export const noServices: ComposeApp = { services: [], secrets: [], configs: [], volumes: [], networks: [], version: null };
