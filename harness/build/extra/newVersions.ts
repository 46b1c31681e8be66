import type { ComposeApp } from "../../recipe/types.ts";

/** A secret of which the app gets a new version. */
export interface Rotated {
  /** Its name in compose.yml. */
  readonly key: string;
  /** Its version in the app's .env. */
  readonly variable: string;
  readonly from: string;
  readonly to: string;
}

/**
 * The next version of each secret that abra makes: one that somebody hands in can't be made anew by anybody else.
 * @param env the app's .env
 * @param made the secrets that abra made
 */
export function newVersions({ secrets, services }: Pick<ComposeApp, "secrets" | "services">, env: Readonly<Record<string, string>>, made: readonly string[]): Rotated[] {
  const used = new Set(services.flatMap((service) => service.secrets));
  return secrets
    .filter(({ key, external }) => external && used.has(key) && made.includes(key))
    .map(({ key, name }) => {
      const variable = `SECRET_${key.toUpperCase().replaceAll(/\W/g, "_")}_VERSION`;
      const from = env[variable] ?? name.slice(name.lastIndexOf("_") + 1);
      return { key, variable, from, to: next(from) };
    });
}

/** `v1` to `v2`, `v9` to `v10`; what ends with no number gets one. */
function next(version: string): string {
  const [, word = "", number] = /^(.*?)(\d+)$/.exec(version) ?? [];
  return number === undefined ? `${version}2` : `${word}${Number(number) + 1}`;
}
