import { type ComposeFile, usedSecrets } from "./compose.ts";
import { allSecrets, api } from "./engine.ts";
import type { Env } from "./env.ts";
import { Fatal, log } from "./log.ts";
import type { App } from "./place.ts";
import { charset, passphrase, password } from "./words.ts";

/** One secret of an app: its key in the compose files, its version, its name in Swarm, how to make one. */
export interface AppSecret {
  readonly key: string;
  readonly version: string;
  readonly name: string;
  readonly length: number | null;
  readonly charset: string;
  readonly generate: boolean;
}

/** [A] Docker's limit. */
const longestName = 64;

/**
 * The external secrets that the app's services use. A version is what follows the last underscore of the name; the
 * modifiers are those of the SECRET_*_VERSION variable that the name is written with, read from the app's env file. [R]
 * @throws Fatal for a name without a version or over 64 characters
 */
export function appSecrets(app: App, files: readonly ComposeFile[], env: Env): AppSecret[] {
  return usedSecrets(files, env).filter((secret) => secret.external).map(({ key, name, rawName }) => {
    const version = name.slice(name.lastIndexOf("_") + 1);
    if (version === "") throw new Fatal(`missing version for secret ${key}: ${rawName} gives ${name}`);
    if (name.length > longestName) throw new Fatal(`secret ${key}: ${name} is longer than ${longestName} characters`);
    const variable = /SECRET_\w+?_VERSION/.exec(rawName)?.[0] ?? "";
    const words = app.modifiers[variable] ?? {};
    return { key, version, name, length: lengthOf(key, words.length), charset: words.charset ?? "default", generate: words.generate !== "false" };
  });
}

function lengthOf(key: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d*$/.test(text)) throw new Fatal(`secret ${key}: length=${text} is not a length`);
  return Number(text);
}

/**
 * Without the stack's label: `docker stack rm` would take the secret along, and undeploy keeps data.
 * @throws Fatal `AlreadyExists` from the daemon where the name is taken
 */
export async function store(name: string, value: string): Promise<void> {
  await api("/secrets/create", "POST", { Name: name, Data: Buffer.from(value).toString("base64") }).catch((error: Error) => {
    throw /already exists/i.test(error.message) ? new Fatal(`rpc error: code = AlreadyExists desc = secret ${name} already exists`) : error;
  });
}

/** Makes and stores the value; null where the secret exists already. */
export async function generate(secret: AppSecret): Promise<string | null> {
  if ((await existingNames()).has(secret.name)) {
    log.warn(`${secret.name} already exists`);
    return null;
  }
  const value = secret.length === null ? passphrase() : password(secret.length, characters(secret));
  await store(secret.name, value);
  return value;
}

function characters(secret: AppSecret): string {
  const allowed = charset(secret.charset);
  if (!allowed) throw new Fatal(`secret ${secret.key}: charset=${secret.charset} is not known`);
  return allowed;
}

export async function existingNames(): Promise<Set<string>> {
  return new Set((await allSecrets()).map((secret) => secret.Spec.Name));
}

/** @throws Fatal where a secret that the deployment needs was never made */
export async function refuseMissing(app: App, files: readonly ComposeFile[], env: Env): Promise<void> {
  const existing = await existingNames();
  const missing = appSecrets(app, files, env).find((secret) => !existing.has(secret.name));
  if (missing) throw new Fatal(`secret not generated: ${missing.key} (${missing.name})`);
}
