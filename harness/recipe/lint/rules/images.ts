import type { Finding } from "../finding.ts";
import { fileOf, type LintRecipe } from "../recipe.ts";

/** Tags that name whatever was built last. */
const moving = new Set(["latest", "stable", "edge", "nightly", "main", "master", "dev", "develop", "development", "unstable", "rolling", "testing", "next", "canary", "release", "current", "mainline", "lts"]);

/** An image must say which one it is: what was tested has to be what is deployed next month. */
export function imageFindings(recipe: LintRecipe): Finding[] {
  return recipe.app.services.flatMap(({ name, image }) => {
    const found = (rule: string, severity: Finding["severity"], what: string, remedy: string): Finding[] => [
      { rule, severity, service: name, file: fileOf(recipe, name, "image"), text: `service ${name}${what}`, remedy },
    ];
    if (image === "") return found("no-image", "fatal", " has no image", "name one");
    if (image.includes("@sha256:")) return [];
    const tag = /:([^:/]*)$/.exec(image)?.[1];
    if (tag === undefined || tag === "") return found("no-tag", "error", `: image ${image} has no tag, which means latest`, "pin a version");
    if (moving.has(tag)) return found("moving-tag", "error", `: image ${image} follows the moving tag ${tag}`, "pin a version");
    return [];
  });
}
