import type { Env } from "../../config/recipe.ts";

/**
 * What is set in an app's .env over the recipe's own sample: what the settings say, then what the request does (`--env`).
 * @param step `deploy` for a new app; `upgrade` for one of base that goes to head
 */
export function envFor({ env }: { readonly env: Env }, asked: Readonly<Record<string, string>>, step: keyof Env): Record<string, string> {
  return { ...env.deploy, ...(step === "upgrade" ? env.upgrade : {}), ...asked };
}
