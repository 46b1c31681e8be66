import { UsageError } from "../base/errors.ts";
import type { Settings } from "./recipe.ts";
import { nearest } from "../base/nearest.ts";

/**
 * The settings of one variant: its env and skips over the recipe's, its overlays after the recipe's.
 * @param variant null: the recipe as it is
 * @throws UsageError where the settings name no such variant
 */
export function chosenVariant(settings: Settings, variant: string | null): Settings {
  if (variant === null) return settings;
  const names = Object.keys(settings.variants);
  const chosen = names.includes(variant) ? settings.variants[variant] : undefined;
  if (!chosen) {
    const near = nearest(variant, names);
    throw new UsageError(
      `--variant ${variant}`,
      `${settings.place} names no such variant${near === null ? "" : `, did you mean ${JSON.stringify(near)}?`}`,
      names.length > 0 ? `the variants are ${names.join(", ")}` : "add it there under variants",
    );
  }
  return {
    ...settings,
    env: { deploy: { ...settings.env.deploy, ...chosen.env.deploy }, upgrade: { ...settings.env.upgrade, ...chosen.env.upgrade } },
    overlays: [...settings.overlays, ...chosen.overlays],
    skip: { ...settings.skip, ...chosen.skip },
  };
}
