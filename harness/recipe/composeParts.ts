/**
 * Compose's many spellings of one thing, made one: maps and lists, short and long forms. Input is parsed YAML of unknown
 * shape; what doesn't have the expected one is refused by a BadShape that names the place.
 */

/** Something in a compose file is not what compose allows there. */
export class BadShape extends Error {
  override readonly name = "BadShape";
}

export type Map_ = Readonly<Record<string, unknown>>;

/** A mapping; nothing counts as an empty one. */
export function mapping(value: unknown, place: string): Map_ {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new BadShape(`${place} must be a mapping`);
  return value as Map_;
}

export function list(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new BadShape(`${place} must be a list`);
  return value;
}

/** A scalar as text; null and nothing become "". */
export function text(value: unknown, place: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  throw new BadShape(`${place} must be a single value`);
}

/** `environment` and `labels`: a mapping, or a list of `KEY=value`. A key without a value takes `fallback`'s. */
export function pairs(value: unknown, place: string, fallback: Readonly<Record<string, string>> = {}): Record<string, string> {
  if (Array.isArray(value)) {
    return Object.fromEntries(
      value.map((item) => {
        const line = text(item, place);
        const at = line.indexOf("=");
        return at < 0 ? [line, valueIn(fallback, line)] : [line.slice(0, at), line.slice(at + 1)];
      }),
    );
  }
  return Object.fromEntries(
    Object.entries(mapping(value, place)).map(([key, item]) => [key, item === null ? valueIn(fallback, key) : text(item, `${place}.${key}`)]),
  );
}

function valueIn(values: Readonly<Record<string, string>>, key: string): string {
  return Object.hasOwn(values, key) ? (values[key] ?? "") : "";
}

/** `depends_on`, `networks`: names as a list or as the keys of a mapping. */
export function names(value: unknown, place: string): string[] {
  return Array.isArray(value) ? value.map((item) => text(item, place)) : Object.keys(mapping(value, place));
}

/** `secrets` and `configs` of a service: short names or mappings with a source. */
export function sources(value: unknown, place: string): string[] {
  return list(value, place).map((item) => (typeof item === "string" ? item : text(mapping(item, place).source, place)));
}

/** Named volumes by where they are mounted; binds and tmpfs are left out. */
export function mounts(value: unknown, place: string): Record<string, string> {
  const found: [string, string][] = [];
  for (const item of list(value, place)) {
    if (typeof item === "string") {
      const [source = "", target] = item.split(":");
      if (target !== undefined && !/^[./~]/.test(source)) found.push([target, source]);
      continue;
    }
    const mount = mapping(item, place);
    const kind = text(mount.type, place);
    if ((kind === "volume" || kind === "") && mount.source) found.push([text(mount.target, place), text(mount.source, place)]);
  }
  return Object.fromEntries(found);
}

/** Paths of the node that are mounted. */
export function binds(value: unknown, place: string): string[] {
  return list(value, place).flatMap((item) => {
    if (typeof item === "string") {
      const [source = "", target] = item.split(":");
      return target !== undefined && /^[./~]/.test(source) ? [source] : [];
    }
    const mount = mapping(item, place);
    return text(mount.type, place) === "bind" ? [text(mount.source, place)] : [];
  });
}

export interface Port {
  readonly published: number | null;
  readonly target: number;
  readonly protocol: string;
  readonly mode: "ingress" | "host";
}

/** `ports`: short (`8080:80/udp`, ranges by their first port) or long. */
export function ports(value: unknown, place: string): Port[] {
  return list(value, place).map((item) => {
    if (typeof item === "object" && item !== null) {
      const port = item as Map_;
      return {
        published: port.published === undefined ? null : portNumber(text(port.published, place), place),
        target: portNumber(text(port.target, place), place),
        protocol: text(port.protocol, place) || "tcp",
        mode: port.mode === "host" ? "host" : "ingress",
      };
    }
    const [ends = "", protocol = "tcp"] = text(item, place).split("/");
    const parts = ends.split(":");
    const published = parts.at(-2);
    return { published: published ? portNumber(published, place) : null, target: portNumber(parts.at(-1) ?? "", place), protocol, mode: "ingress" };
  });
}

/** The words of `command` or `entrypoint`. */
export function words(value: unknown, place: string): string[] {
  return Array.isArray(value) ? value.map((item) => text(item, place)) : text(value, place).split(/\s+/).filter((word) => word !== "");
}

function portNumber(written: string, place: string): number {
  const port = Number(written.split("-")[0]);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new BadShape(`${place}: ${written} is no port`);
  return port;
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, "µs": 0.001, ns: 0.000_001 };

/** `1m30s`, as Go writes it, in milliseconds; null for what is no duration. */
export function durationMs(written: string): number | null {
  if (!/^(?:\d+(?:\.\d*)?(?:h|ms|m|s|us|µs|ns))+$/.test(written)) return null;
  const parts = [...written.matchAll(/(\d+(?:\.\d*)?)(h|ms|m|s|us|µs|ns)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ""] ?? 0), 0);
}
