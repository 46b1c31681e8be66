import { parse } from "yaml";
import type { App } from "./appState.ts";

/** What of an app tells whose a refusal is. */
export type Overlaid = Pick<App, "stack" | "compose" | "overlays">;

/** All that the overlay for a host without IPVS does, and all that limits do. */
const hostCauses = /dnsrr|endpoint|\bports?\b/i;
const limitCauses = /\b(?:memory|cpus?|pids|limits?|reservations?|resources)\b/i;

const sections = ["configs", "secrets", "volumes", "networks"] as const;

/**
 * The overlay that abra may have refused instead of the recipe, in words. Docker names what it refuses by its name in the Swarm, a
 * compose file's reader by its place: where something is named that no overlay touches, the recipe has to answer for it.
 * @param said all that abra said
 * @returns null where the refusal is the recipe's own
 */
export function overlayBehind(said: string, app: Overlaid): string | null {
  const places = placesIn(said, app);
  const touches = ({ host, text, capped }: App["overlays"][number]) => {
    if (capped) return limitCauses.test(said);
    if (host) return hostCauses.test(said);
    return places.length === 0 || places.some((place) => isIn(parse(text), place));
  };
  return app.overlays.find(touches)?.said ?? null;
}

/** What of the app the words name, as paths in a compose file. */
function placesIn(said: string, { stack, compose }: Overlaid): string[][] {
  const inFiles = [...said.matchAll(/services\.([\w-]+)(?:\.(\w+))?/g)].map(([, ...place]) => place.filter((word) => word !== undefined));
  const services = compose.services.flatMap(({ name }) => [
    ...(hasWord(said, `${stack}_${name}`) ? [["services", name]] : []),
    ...inFiles.filter(([service]) => service === name).map((place) => ["services", ...place]),
  ]);
  const objects = sections.flatMap((section) => compose[section].flatMap(({ key, name }) => (hasWord(said, name) || hasWord(said, `${section}.${key}`) ? [[section, key]] : [])));
  return [...services, ...objects];
}

function hasWord(text: string, word: string): boolean {
  return text.split(/[^\w.-]+/).some((one) => one === word || one === `${word}.`);
}

function isIn(content: unknown, [key, ...inner]: readonly string[]): boolean {
  if (key === undefined) return true;
  return typeof content === "object" && content !== null && key in content && isIn((content as Record<string, unknown>)[key], inner);
}
