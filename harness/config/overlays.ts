import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";

export type Side = "head" | "base";

/** A change to the compose files that only a test needs. */
export interface Overlay {
  /** Where it stands in the settings: `overlays.0`. */
  readonly at: string;
  readonly scope: Side | "both";
  readonly reason: string;
  /** The last day on which it is applied, `2026-12-31`, UTC. */
  readonly expires: string;
  readonly compose: Content;
}

type Content = { readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined } & {
  readonly [section in (typeof sections)[number]]?: Readonly<Record<string, unknown>> | undefined;
};

const sections = ["volumes", "networks", "secrets", "configs"] as const;

/**
 * What may differ of a service of head: where and how it runs, never what runs, or the pull request would not be tested. A
 * mapping names the keys below.
 */
const allowed: Readonly<Record<string, true | readonly string[]>> = {
  environment: true,
  extra_hosts: true,
  dns: true,
  ulimits: true,
  sysctls: true,
  shm_size: true,
  stop_grace_period: true,
  logging: true,
  ports: true,
  healthcheck: ["interval", "timeout", "retries", "start_period"],
  deploy: ["resources", "placement"],
};

const allowedInWords = Object.entries(allowed).map(([key, below]) => (below === true ? key : `${key}.{${below.join(",")}}`)).join(", ");

/**
 * What can be said of an overlay without the recipe.
 * @throws UsageError where it changes nothing, or of head what is under test
 */
export function checkOverlay({ at, scope, compose }: Overlay, place: string): void {
  const services = Object.entries(compose.services ?? {});
  if (services.every(([, changes]) => Object.keys(changes).length === 0) && sections.every((section) => Object.keys(compose[section] ?? {}).length === 0)) {
    throw new UsageError(place, `${at}.compose changes nothing`, "say what it changes, or take it out");
  }
  if (scope === "base") return;
  const section = sections.find((one) => compose[one] !== undefined);
  if (section !== undefined) throw headRefused(place, `${at}.compose.${section}`, scope);
  for (const [name, changes] of services) {
    const wrong = forbidden(changes);
    if (wrong !== null) throw headRefused(place, `${at}.compose.services.${name}.${wrong}`, scope);
  }
}

/** The first key, as `deploy.replicas`, that no overlay of head may hold; null where all may be. */
function forbidden(changes: Readonly<Record<string, unknown>>): string | null {
  for (const [key, value] of Object.entries(changes)) {
    const below = Object.hasOwn(allowed, key) ? allowed[key] : undefined;
    if (below === undefined) return key;
    if (below === true) continue;
    const inner = typeof value === "object" && value !== null ? Object.keys(value) : null;
    if (inner === null) return key;
    const wrong = inner.find((one) => !below.includes(one));
    if (wrong !== undefined) return `${key}.${wrong}`;
  }
  return null;
}

function headRefused(place: string, key: string, scope: Overlay["scope"]): UsageError {
  return new UsageError(place, `${key}: an overlay with scope ${scope} may not change what is tested of head`, `of head it may change ${allowedInWords}; with scope "base" anything`);
}

/**
 * What an overlay is checked for once the recipe is known.
 * @param services those of head's compose files, also of those that this build leaves out
 * @throws UsageError where it has expired, or would add a service to head
 */
export function checkOverlayFit({ at, scope, expires, reason, compose }: Overlay, place: string, services: readonly string[], now: Date): void {
  if (now.toISOString().slice(0, 10) > expires) {
    throw new UsageError(place, `${at} expired on ${expires} (${reason})`, "see whether it is still needed: take it out, or give a later day in expires");
  }
  if (scope === "base") return;
  const added = Object.keys(compose.services ?? {}).find((name) => !services.includes(name));
  if (added === undefined) return;
  const near = nearest(added, services);
  throw new UsageError(
    place,
    `${at}.compose.services: head has no service ${JSON.stringify(added)}${near === null ? "" : `, did you mean ${JSON.stringify(near)}?`}, and an overlay may not add one to it`,
    `the recipe's services are ${services.join(", ")}; with scope "base" it may`,
  );
}

/**
 * The overlays of one side, each as the content of a compose file. Changes to a service that this side lacks are left out, unless
 * they bring an image and so add it.
 * @param services those that this side's compose files have without overlays
 */
export function overlaysOf(overlays: readonly Overlay[], side: Side, services: readonly string[]): { overlay: Overlay; content: Content }[] {
  return overlays
    .filter(({ scope }) => scope === side || scope === "both")
    .map((overlay) => {
      const kept = Object.entries(overlay.compose.services ?? {}).filter(([name, changes]) => services.includes(name) || "image" in changes);
      return { overlay, content: { ...overlay.compose, services: Object.fromEntries(kept) } };
    })
    .filter(({ content }) => Object.keys(content.services).length > 0 || sections.some((section) => content[section] !== undefined));
}

/** What overlays change, in one line each, for the results. */
export function overlayInWords({ at, reason, expires }: Overlay, place: string, content: Content): string {
  const services = Object.entries(content.services ?? {}).map(([name, changes]) => `${name}.{${Object.keys(changes).join(",")}}`);
  return `${at} of ${place}, until ${expires} (${reason}): ${[...services, ...sections.filter((section) => content[section] !== undefined)].join(", ")}`;
}
