import type { ComposeApp, ComposeService } from "./types.ts";

/** Keys whose whole value is a host or an address; libpq's own has no underscore. */
const hostKey = /(?:^|_)(?:(?:PG|DB)?HOST|HOSTNAME|HOSTS|SERVER|SERVERS|ADDR|ADDRESS|ENDPOINT|BROKER|URL|URI|DSN)$/i;
/** `IMAGE=redis:7` looks like a port and is none. */
const imageKey = /(?:^|_)(?:IMAGE|TAG|VERSION)$/i;

/**
 * Which services each service waits for: `depends_on`, and siblings whose name stands as a host in its environment or command.
 * A service that itself waits for another, directly or not, is no dependency of that other: it must not excuse it.
 * @returns every service's name, with its dependencies in alphabetical order
 */
export function dependencies(app: ComposeApp, stack: string): Record<string, string[]> {
  const names = app.services.map(({ name }) => name);
  const direct = new Map(app.services.map((service) => [service.name, namedBy(service, names, stack)]));
  return Object.fromEntries(
    names.map((name) => [name, [...(direct.get(name) ?? [])].filter((other) => !reaches(direct, other, name)).sort()]),
  );
}

/** The siblings that a service names, cycles included. */
export function namedBy(service: ComposeService, names: readonly string[], stack: string): Set<string> {
  const siblings = names.filter((name) => name !== service.name);
  if (siblings.length === 0) return new Set();
  const values = Object.entries(service.env).map(([key, value]) => ({ value, hosts: hostKey.test(key) ? new Set(value.split(/[\s,;]+/)) : null, isImage: imageKey.test(key) }));
  // Most names stand nowhere, which is soon seen.
  const usesHost = (name: string) =>
    values.some(({ value, hosts, isImage }) => value.includes(name) && ((hosts && isAmong(hosts, name, stack)) || (!isImage && standsAsHost(value, name, stack)))) ||
    (service.command ?? []).some((word) => word.includes(name) && standsAsHost(word, name, stack));
  return new Set(siblings.filter((name) => service.dependsOn.includes(name) || usesHost(name)));
}

function isAmong(hosts: ReadonlySet<string>, name: string, stack: string): boolean {
  return [name, `tasks.${name}`, `${stack}_${name}`, `tasks.${stack}_${name}`].some((one) => hosts.has(one));
}

/** `//[user@]name`, `name:port`, `host=name`, `stack_name`; never a path (`/app`) or a bare word (`POSTGRES_DB=app`). */
function standsAsHost(value: string, name: string, stack: string): boolean {
  const host = `(?:tasks\\.)?(?:${literal(stack)}_)?${literal(name)}`;
  const end = "(?![\\w.-])";
  return [
    `//(?:[^\\s/]*@)?${host}${end}`,
    `(?<![\\w./-])${host}:\\d{1,5}(?!\\w)`,
    `(?<![\\w-])host=${host}${end}`,
    `(?<![\\w-])${literal(stack)}_${literal(name)}${end}`,
  ].some((pattern) => new RegExp(pattern).test(value));
}

function reaches(direct: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === to) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(direct.get(next) ?? []));
  }
  return false;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&");
}
