import type { Swarm } from "../../swarm/types.ts";
import { newDomain } from "../app/app.ts";
import type { Build } from "../context.ts";
import { isSkipDeclared } from "../tier/declaredSkips.ts";
import type { Site } from "../site.ts";
import { needRecipe } from "./recipe.ts";

/** Names what the recipe needs before its own app is made, and fetches it where tests will use it, images and all. */
export function planNeeds(site: Site, swarm: Swarm): void {
  const { build } = site;
  for (const name of build.settings.needs) site.needs.set(name, { name, domain: newDomain(name, swarm), recipe: null, coming: null, app: null });
  if (!areUsed(build)) return;
  for (const need of site.needs.values()) {
    need.recipe = build.span(`needs ${need.name}: fetched`, () => needRecipe(site, need.name));
    // Whoever deploys it gets the error; until then it must not end the process.
    need.recipe.catch(() => {});
  }
}

/** Whether tests will run that may use what the recipe needs: its own, of either tier. */
export function areUsed({ request, tests, settings }: Pick<Build, "request" | "tests" | "settings">): boolean {
  const run = (tier: "custom" | "extra") => request.tiers.includes(tier) && !isSkipDeclared({ settings }, tier);
  return settings.needs.length > 0 && ((run("custom") && tests.custom.length > 0) || (run("extra") && tests.extra.length + tests.custom.length > 0));
}
