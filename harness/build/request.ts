import type { Settings } from "../config/recipe.ts";
import type { Trust } from "../recipe/trust/levels.ts";
import type { TierName } from "../../reports/results.ts";

/** What one build is asked to do. Plain data, made by the command line. */
export interface BuildRequest {
  /** Recipe name, path or git URL. */
  readonly source: string;
  /** Where a bare recipe name is looked up: a base URL or folder that replaces the catalogue's, or null. */
  readonly sourceBase: string | null;
  readonly ref: string | null;
  readonly pr: number | null;
  /** How far the recipe is believed, as somebody said; null where nobody did: trust/levels.ts says what holds then. */
  readonly trust: Trust | null;
  /** The version to upgrade from, or null for the newest that is not head. */
  readonly base: string | null;
  /** One of the settings' variants; null: the recipe as it is. */
  readonly variant: string | null;
  /** Extra values for the app's .env. */
  readonly env: Readonly<Record<string, string>>;
  readonly tiers: readonly TierName[];
  readonly quick: boolean;
  /** Those of `--config`; null: this project's or the recipe's own. */
  readonly settings: Settings | null;
  /** The folder of `--config`, absolute: tests in it come before all others; null where none was named. */
  readonly config: string | null;
  readonly swarm: "ephemeral" | "local";
  /** Folder for results.json and artifacts. */
  readonly out: string;
  /** Keep the app this long for a look, milliseconds; null: tear down. */
  readonly keepMs: number | null;
  /** A path to abra, or null to look for one. */
  readonly abra: string | null;
  /** The abra stand-in may be used where no abra is found. Only the demo and the project's own tests set it. */
  readonly standIn: boolean;
  /** Install what the machine misses without asking. */
  readonly install: boolean;
  /** Images of the host's engine win over the registry's. */
  readonly hostImages: boolean;
  readonly hostConfig: string | null;
  readonly trigger: string;
  readonly deadlineMs: number;
}
