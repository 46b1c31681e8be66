import { readFileSync } from "node:fs";
import type { Args } from "./args.ts";
import { type Command, all, chaos, force, machine, wishOf } from "./command.ts";
import { composeFiles } from "./compose.ts";
import { allSecrets, api } from "./engine.ts";
import { Fatal, log, print, table } from "./log.ts";
import { type App, composeEnv, findApp } from "./place.ts";
import { type AppSecret, appSecrets, existingNames, generate, store } from "./secrets.ts";
import { ensure } from "./version.ts";

/** Moves the tree to the app's version first, unless chaos: secrets are what that version's compose files name. */
function load(args: Args): { app: App; secrets: AppSecret[] } {
  const app = findApp(args.positionals[0] ?? "");
  const { tree } = ensure(app, wishOf(args));
  const env = composeEnv(app);
  return { app, secrets: appSecrets(app, composeFiles(tree.dir, env), env) };
}

/** Makes what is missing and shows the new values, as JSON with -m. [R] the JSON's shape */
export async function reportSecrets(secrets: readonly AppSecret[], asJson: boolean): Promise<void> {
  const made: { name: string; value: string }[] = [];
  for (const secret of secrets) {
    const value = await generate(secret);
    if (value !== null) made.push({ name: secret.key, value });
  }
  if (asJson) print(JSON.stringify(made));
  else if (made.length > 0) print(table(["NAME", "VALUE"], made.map(({ name, value }) => [name, value])));
  else log.warn("no secrets generated");
}

async function generateSecrets(args: Args): Promise<void> {
  const [, name, version] = args.positionals;
  const everything = args.on("all");
  if (everything === (name !== undefined)) throw new Fatal("either <secret> <version> or --all has to be given");
  if (name !== undefined && version === undefined) throw new Fatal(`no version given for ${name}`);
  const { app, secrets } = load(args);
  if (everything) return reportSecrets(secrets.filter((secret) => secret.generate), args.on("machine"));
  const named = { ...find(secrets, name), version: version ?? "" };
  await reportSecrets([{ ...named, name: nameOf(app, named.key, named.version) }], args.on("machine"));
}

const nameOf = (app: App, key: string, version: string) => `${app.stack}_${key}_${version}`;

function find(secrets: readonly AppSecret[], name: string | undefined): AppSecret {
  const secret = secrets.find(({ key }) => key === name);
  if (!secret) throw new Fatal(`no secret ${name} in the recipe`);
  return secret;
}

async function insertSecret(args: Args): Promise<void> {
  const [, name = "", version = "", data = ""] = args.positionals;
  const { app, secrets } = load(args);
  find(secrets, name);
  const value = args.on("file") ? readFile(data) : data;
  await store(nameOf(app, name, version), value);
  log.info(`${nameOf(app, name, version)} inserted`);
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Fatal(`open ${path}: no such file or directory`);
  }
}

async function listSecrets(args: Args): Promise<void> {
  const { secrets } = load(args);
  const existing = await existingNames();
  const header = ["name", "version", "generated-name", "created-on-server"];
  const rows = secrets.map((secret) => [secret.key, secret.version, secret.name, String(existing.has(secret.name))]);
  if (args.on("machine")) print(JSON.stringify(rows.map((row) => Object.fromEntries(header.map((key, i) => [key, row[i]])))));
  else print(table(header, rows));
}

async function removeSecrets(args: Args): Promise<void> {
  const [, name] = args.positionals;
  if (args.on("all") === (name !== undefined)) throw new Fatal("either <secret> or --all has to be given");
  const { secrets } = load(args);
  const wanted = name === undefined ? secrets : [find(secrets, name)];
  const known = await allSecrets();
  const present = known.filter(({ Spec }) => wanted.some((secret) => secret.name === Spec.Name));
  if (present.length === 0) throw new Fatal("no secrets to remove");
  for (const { ID, Spec } of present) {
    await api(`/secrets/${ID}`, "DELETE");
    log.info(`${Spec.Name} removed`);
  }
}

export const secretCommands: readonly Command[] = [
  { names: ["generate"], usage: "<domain> [[secret] [version] | --all]", arity: [1, 3], flags: [all, machine, chaos], run: generateSecrets },
  { names: ["insert"], usage: "<domain> <secret> <version> <data>", arity: [4, 4], flags: [{ long: "file", short: "f" }, chaos], run: insertSecret },
  { names: ["list", "ls"], usage: "<domain>", arity: [1, 1], flags: [machine, chaos], run: listSecrets },
  { names: ["remove", "rm"], usage: "<domain> [[secret] | --all]", arity: [1, 2], flags: [all, chaos, force], run: removeSecrets },
];
