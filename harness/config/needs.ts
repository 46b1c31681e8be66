import { nearest } from "../base/nearest.ts";
import { UsageError } from "../base/errors.ts";

const anywhere = /\{\{(.*?)\}\}/g;
const domain = /^\s*needs\.([a-z0-9][a-z0-9_.-]*)\.domain\s*$/i;

/** @throws UsageError where a recipe is named twice */
export function checkNeeds(needs: readonly string[], place: string): void {
  const twice = needs.find((name, index) => needs.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(place, `needs names ${twice} twice`, "name it once");
}

/**
 * @param names by which the recipe is known: its source's, and its own
 * @throws UsageError where a recipe needs itself
 */
export function checkNotItself(needs: readonly string[], names: readonly string[], place: string): void {
  const own = needs.find((name) => names.includes(name));
  if (own !== undefined) throw new UsageError(place, `needs: ${own} can't need itself`, "name another recipe, or none");
}

/** @throws UsageError for a value with braces that name no domain of a recipe under `needs` */
export function checkNeedsIn(value: string, at: string, needs: readonly string[], place: string): void {
  for (const [whole, inside = ""] of value.matchAll(anywhere)) {
    const name = domain.exec(inside)?.[1];
    // Other braces are the recipe's own business: Go templates look like this too.
    if (name === undefined && !/^\s*needs\b/.test(inside)) continue;
    if (name === undefined) throw new UsageError(place, `${at}: ${whole} is not known`, "write it like {{needs.keycloak.domain}}");
    if (needs.includes(name)) continue;
    const near = nearest(name, needs);
    throw new UsageError(place, `${at}: ${whole}, but needs does not name ${name}${near === null ? "" : `, did you mean ${near}?`}`, `add "${name}" to needs`);
  }
}

/** Values for an .env with the domains of needed recipes in their places. */
export function withDomains(values: Readonly<Record<string, string>>, domains: ReadonlyMap<string, string>): Record<string, string> {
  const filled = (value: string) => value.replaceAll(anywhere, (whole: string, inside: string) => domains.get(domain.exec(inside)?.[1] ?? "") ?? whole);
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, filled(value)]));
}
