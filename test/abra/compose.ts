import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Env } from "./env.ts";
import { interpolate } from "./interpolate.ts";
import { Fatal } from "./log.ts";

export type Yaml = Record<string, unknown>;

export interface ComposeFile {
  readonly path: string;
  readonly content: Yaml;
}

/** A secret of the compose files, with the name as written and as Swarm will know it. */
export interface ComposeSecret {
  readonly key: string;
  readonly rawName: string;
  readonly name: string;
  readonly external: boolean;
}

export const isMap = (value: unknown): value is Yaml => typeof value === "object" && value !== null && !Array.isArray(value);
export const asMap = (value: unknown): Yaml => (isMap(value) ? value : {});

/** A YAML value as text; what is neither text, number nor truth value is shown as JSON. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Files of COMPOSE_FILE, in order; compose.yml where it is not set. @throws Fatal for a file that is missing or no compose file */
export function composeFiles(dir: string, env: Env): ComposeFile[] {
  const names = (env.COMPOSE_FILE || "compose.yml").split(":").filter(Boolean);
  return names.map((name) => readCompose(dir, name));
}

/** Every compose*.yml of the tree, tracked or not: what lint reads. */
export function everyComposeFile(dir: string): ComposeFile[] {
  const names = readdirSync(dir).filter((name) => /^compose.*\.ya?ml$/.test(name)).sort();
  if (!names.includes("compose.yml")) throw new Fatal(`${dir}/compose.yml: no such file or directory`);
  return names.map((name) => readCompose(dir, name));
}

function readCompose(dir: string, name: string): ComposeFile {
  const path = join(dir, name);
  if (!existsSync(path)) throw new Fatal(`${path}: no such file or directory`);
  let content: unknown;
  try {
    content = parse(readFileSync(path, "utf8"), { merge: true });
  } catch (error) {
    throw new Fatal(`${path}: ${(error as Error).message.split("\n")[0]}`);
  }
  if (!isMap(content)) throw new Fatal(`${path}: top-level object must be a mapping`);
  refuseVariableDurations(content);
  return { path, content };
}

const durations = [
  ["stop_grace_period"],
  ...["interval", "timeout", "start_period"].map((key) => ["healthcheck", key]),
  ...["delay", "monitor"].flatMap((key) => [["deploy", "update_config", key], ["deploy", "rollback_config", key]]),
  ...["delay", "window"].map((key) => ["deploy", "restart_policy", key]),
];
const duration = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^0$/;

/** The schema is checked before variables are replaced, so a variable is no duration. */
function refuseVariableDurations(content: Yaml): void {
  for (const [name, service] of Object.entries(asMap(content.services))) {
    for (const path of durations) {
      const value = path.reduce<unknown>((at, key) => asMap(at)[key], service);
      if (value === undefined || value === null || duration.test(asText(value))) continue;
      throw new Fatal(`services.${name}.${path.join(".")} Does not match format 'duration'`);
    }
  }
}

/** One map of what several files say under a top-level key; later files add to earlier ones. */
export function merged(files: readonly ComposeFile[], section: string): Record<string, Yaml> {
  const all: Record<string, Yaml> = {};
  for (const { content } of files) {
    for (const [name, value] of Object.entries(asMap(content[section]))) all[name] = deepMerge(all[name] ?? {}, asMap(value));
  }
  return all;
}

function deepMerge(into: Yaml, from: Yaml): Yaml {
  const result = { ...into };
  for (const [key, value] of Object.entries(from)) {
    const before = result[key];
    if (isMap(before) && isMap(value)) result[key] = deepMerge(before, value);
    else if (Array.isArray(before) && Array.isArray(value)) result[key] = [...before, ...value];
    else result[key] = value;
  }
  return result;
}

/** Labels or environment, written as a list of `K=V` or as a map, interpolated. */
export function pairs(value: unknown, env: Env): Record<string, string> {
  const entries = Array.isArray(value)
    ? value.map((item) => {
        const [, key = String(item), text = ""] = /^([^=]*)=(.*)$/s.exec(String(item)) ?? [];
        return [key, text] as const;
      })
    : Object.entries(asMap(value)).map(([key, item]) => [key, item === null ? "" : asText(item)] as const);
  return Object.fromEntries(entries.map(([key, text]) => [interpolate(key, env), interpolate(text, env)]));
}

export function deployLabels(service: Yaml | undefined, env: Env): Record<string, string> {
  return pairs(asMap(service?.deploy).labels, env);
}

export function composeSecrets(files: readonly ComposeFile[], env: Env): ComposeSecret[] {
  return Object.entries(merged(files, "secrets")).map(([key, value]) => {
    const external = value.external === true || isMap(value.external);
    const rawName = asText(value.name ?? asMap(value.external).name ?? key);
    return { key, rawName, name: interpolate(rawName, env), external };
  });
}

/** Secrets that some service mounts; the others are of no interest to abra. [R] */
export function usedSecrets(files: readonly ComposeFile[], env: Env): ComposeSecret[] {
  const used = new Set<string>();
  for (const service of Object.values(merged(files, "services"))) {
    const list = Array.isArray(service.secrets) ? service.secrets : [];
    for (const entry of list) used.add(asText(isMap(entry) ? entry.source : entry));
  }
  return composeSecrets(files, env).filter((secret) => used.has(secret.key));
}
