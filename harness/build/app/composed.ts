import { stringify } from "yaml";
import { type Overlay, overlayInWords, overlaysOf, type Side } from "../../config/overlays.ts";
import type { Settings } from "../../config/recipe.ts";
import type { ComposeFile } from "../../recipe/compose.ts";
import { loadApp } from "../../recipe/files.ts";
import type { ComposeApp } from "../../recipe/types.ts";

/** An overlay of the settings as a compose file in abra's copy of the recipe. */
interface OverlayFile extends ComposeFile {
  /** What it changes and why, for the results. */
  readonly said: string;
}

export interface Composed {
  readonly compose: ComposeApp;
  readonly overlays: readonly OverlayFile[];
}

/** What a side is composed by besides its own files. */
export interface Ground {
  readonly settings: Pick<Settings, "overlays" | "place">;
  readonly side: Side;
}

/**
 * The compose files that an env names, with the settings' overlays for this side over them.
 * @param dir the recipe's files
 * @throws FindingError (recipe, invalid-compose) for the recipe's own files, and for what an overlay makes of them
 */
export async function composed(dir: string, env: Readonly<Record<string, string>>, stack: string, { settings, side }: Ground): Promise<Composed> {
  const plain = await loadApp(dir, env, stack);
  const overlays = overlaysOf(settings.overlays, side, plain.services.map(({ name }) => name)).map(({ overlay, content }, index) => fileOf(overlay, content, index, plain.format, settings.place));
  return { compose: overlays.length === 0 ? plain : await loadApp(dir, env, stack, overlays), overlays };
}

/** The file says the recipe's own `version:`, because docker refuses to merge files that differ in it. */
function fileOf(overlay: Overlay, content: Overlay["compose"], index: number, format: string | undefined, place: string): OverlayFile {
  return {
    name: `compose.recipe-ci.${index + 1}.yml`,
    text: stringify({ ...(format === undefined ? {} : { version: format }), ...content }),
    said: overlayInWords(overlay, place, content),
  };
}
