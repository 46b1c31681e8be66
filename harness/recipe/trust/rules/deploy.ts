import { list, type Map_, mapping, text } from "../../composeParts.ts";
import type { Bounds, Refuse } from "../bounds.ts";
import { isUnsure, shown } from "../reading.ts";
import { isNothing } from "./service.ts";

const known = new Set(["labels", "mode", "endpoint_mode", "update_config", "rollback_config", "resources", "restart_policy", "placement", "replicas"]);

/** The node's own: its engine, Swarm's management, gossip and overlay networks, and the edge. */
const ofTheNode = new Set([80, 443, 2375, 2376, 2377, 4789, 7946]);

/** No range that anybody means is longer. */
const mostPorts = 1000;

/** Labels by which Docker and this project know what is theirs. */
const reserved = /^(?:com\.docker\.|recipe-ci\.)/;

/** How a service is deployed: how often, with what of the node, under which labels. */
export function deployRefusals(service: Map_, place: string, bounds: Bounds, refuse: Refuse): void {
  const at = `${place}.deploy`;
  const deploy = mapping(service.deploy, at);
  for (const key of Object.keys(deploy)) {
    if (!known.has(key) && !key.startsWith("x-")) refuse("unknown-key", `${at}.${key}`, "is not known to be harmless", "take it out");
  }
  if (!isNothing(deploy.replicas) && !(replicasIn(deploy.replicas) <= bounds.replicas)) {
    refuse("replicas", `${at}.replicas`, `${shown(deploy.replicas)} is more than ${bounds.replicas} replicas`, `ask for ${bounds.replicas} at most (untrusted.replicas in host.json)`);
  }
  const reservations = mapping(mapping(deploy.resources, `${at}.resources`).reservations, `${at}.resources.reservations`);
  for (const key of ["devices", "generic_resources"]) {
    if (!isNothing(reservations[key])) refuse("devices", `${at}.resources.reservations.${key}`, "asks for devices of the node", "take it out");
  }
  labelRefusals(deploy.labels, `${at}.labels`, refuse);
  labelRefusals(service.labels, `${place}.labels`, refuse);
}

/** @returns NaN where readers may disagree, which is never within a bound */
export function replicasIn(value: unknown): number {
  if (value === undefined || value === null) return 1;
  return typeof value === "number" ? value : typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
}

/** Of whatever carries labels, as a list or a mapping. */
export function labelRefusals(value: unknown, at: string, refuse: Refuse): void {
  const names = Array.isArray(value) ? value.map((line) => text(line, at)) : Object.keys(mapping(value, at));
  const taken = names.find((name) => reserved.test(name) || isUnsure(name));
  if (taken !== undefined) refuse("reserved-label", at, `${shown(taken)} is set by Docker or by recipe-ci alone`, "take it out");
}

/** Ports of the node that a service takes. */
export function portRefusals(service: Map_, place: string, bounds: Bounds, refuse: Refuse): void {
  const at = `${place}.ports`;
  for (const item of list(service.ports, at)) {
    const published = publishedBy(item, at);
    if (published === null) continue;
    if (published.length === 0) refuse("port", at, `which port ${shown(item)} publishes depends on who reads it`, "name one port for each: 8448:8448");
    const taken = published.find((port) => ofTheNode.has(port));
    const outside = published.find((port) => !isAllowed(port, bounds.ports));
    if (taken !== undefined) refuse("port", at, `publishes ${taken}, which the node needs itself`, "let Traefik route to it by labels");
    else if (outside !== undefined) refuse("port", at, `publishes ${outside}, outside ${bounds.ports.join(", ") || "the empty list"}`, "let Traefik route to it, or allow it in host.json (untrusted.ports)");
  }
}

/** The ports of the node, every one of a range; null where none is fixed; none where that can't be told. */
function publishedBy(item: unknown, at: string): number[] | null {
  const written = typeof item === "object" && item !== null ? (item as Map_).published : shortPublished(item, at);
  if (written === undefined || written === null || written === "") return null;
  if (isUnsure(item)) return [];
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text(written, at)) ?? [];
  const count = Number(last) - Number(first) + 1;
  // Port 0 is any that is free.
  if (count === 1 && Number(first) === 0) return null;
  return count > 0 && count <= mostPorts ? Array.from({ length: count }, (_, index) => Number(first) + index) : [];
}

/** `[[address:]published:]target[/protocol]`. */
function shortPublished(item: unknown, at: string): unknown {
  if (isUnsure(item)) return item;
  const parts = text(item, at).split("/")[0]?.split(":") ?? [];
  return parts.length < 2 ? undefined : parts.at(-2);
}

function isAllowed(port: number, ranges: readonly string[]): boolean {
  return ranges.some((range) => {
    const [first = "", last = first] = range.split("-");
    return port >= Number(first) && port <= Number(last);
  });
}
