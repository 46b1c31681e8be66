import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type ComposeFile, asMap, asText, deployLabels, merged, pairs } from "./compose.ts";
import { type Env, parseEnv } from "./env.ts";
import { Fatal } from "./log.ts";
import type { App } from "./place.ts";
import { capture, docker } from "./run.ts";
import type { Resolved } from "./version.ts";

/** Labels that say which recipe, at which version, is running. */
export function identityLabels(app: App, resolved: Resolved): Record<string, string> {
  const prefix = `coop-cloud.${app.stack}`;
  return {
    [`${prefix}.recipe`]: app.recipe,
    [`${prefix}.chaos`]: String(resolved.chaos),
    // In chaos mode the compose file's own version label stays.
    ...(resolved.chaos ? { [`${prefix}.chaos-version`]: resolved.version } : { [`${prefix}.version`]: resolved.version }),
  };
}

/**
 * The compose file that abra's own additions amount to: identity labels on `app`, and the env file's keys in its
 * environment where the recipe does not set them. [R] that only `app` gets them
 */
export function override(app: App, resolved: Resolved, files: readonly ComposeFile[], env: Env): string {
  const service = merged(files, "services").app;
  const version = files[0]?.content.version;
  if (!service) return stringify({ ...(version === undefined ? {} : { version }), services: {} });
  const own = new Set([...Object.keys(pairs(service.environment, env)), ...envFileKeys(service.env_file, files[0]?.path ?? "")]);
  const exposed = Object.entries({ ...app.env, ...typeOf(app, resolved) }).filter(([key]) => !own.has(key));
  return stringify({
    ...(version === undefined ? {} : { version }),
    services: {
      app: {
        environment: escaped(Object.fromEntries(exposed)),
        deploy: { labels: escaped(identityLabels(app, resolved)) },
      },
    },
  });
}

function typeOf(app: App, resolved: Resolved): Record<string, string> {
  return { [app.env.TYPE === undefined ? "RECIPE" : "TYPE"]: `${app.recipe}:${resolved.version}` };
}

function envFileKeys(value: unknown, firstFile: string): string[] {
  const names = Array.isArray(value) ? value.map(asText) : value === undefined ? [] : [asText(value)];
  const paths = names.map((name) => join(firstFile, "..", name)).filter((path) => existsSync(path));
  return paths.flatMap((path) => Object.keys(parseEnv(readFileSync(path, "utf8")).env));
}

function escaped(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.replaceAll("$", "$$$$")]));
}

/** Seconds that the deployment may take: the label on `app`, which the recipe fills from TIMEOUT. [B] 300 without one */
export function timeoutSeconds(app: App, files: readonly ComposeFile[], env: Env): number {
  const label = deployLabels(merged(files, "services").app, env)[`coop-cloud.${app.stack}.timeout`];
  if (label === undefined || label === "") return 300;
  const seconds = Number(label);
  if (!Number.isInteger(seconds) || seconds < 0) throw new Fatal(`timeout label: ${label} is not a number of seconds`);
  return seconds;
}

/**
 * `docker stack deploy` over the recipe's files and the override: resolves images always, never prunes, sends no credentials.
 * @throws Fatal with the client's message
 */
export function stackDeploy(app: App, files: readonly ComposeFile[], env: Env, overrideText: string): void {
  const folder = mkdtempSync(join(tmpdir(), "abra-"));
  const file = join(folder, "compose.abra.yml");
  try {
    writeFileSync(file, overrideText);
    const compose = [...files.map((f) => f.path), file].flatMap((path) => ["-c", path]);
    const result = capture(docker("stack", "deploy", "--resolve-image", "always", ...compose, app.stack), {
      env: { PATH: process.env.PATH, ...env },
    });
    if (result.code !== 0) throw new Fatal(result.stderr.trim().split("\n").at(-1) ?? "docker stack deploy failed");
    process.stderr.write(result.stderr);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Labels of a service list entry as abra reads them back from a deployed app. */
export function identityOf(stack: string, labels: Readonly<Record<string, unknown>>) {
  const read = (key: string) => {
    const value = asMap(labels)[`coop-cloud.${stack}.${key}`];
    return typeof value === "string" && value !== "" ? value : "unknown";
  };
  return { recipe: read("recipe"), chaos: read("chaos"), chaosVersion: read("chaos-version"), version: read("version") };
}
