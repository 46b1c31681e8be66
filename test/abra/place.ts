import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Env, type EnvFile, abraShExports, parseEnv, splitType } from "./env.ts";
import { Fatal } from "./log.ts";

/** The folder that holds servers/ and recipes/. */
export function abraDir(): string {
  return process.env.ABRA_DIR || join(process.env.HOME ?? "/root", ".abra");
}

export const serversDir = () => join(abraDir(), "servers");

/** `recipes/wordpress`; a git address becomes `recipes/mygit_org_myorg_cool-recipe`. */
export function recipeDir(recipe: string): string {
  const plain = recipe.replace(/^[a-z+]+:\/\//, "").replace(/\.git$/, "");
  return join(abraDir(), "recipes", plain === recipe && !plain.includes("/") ? recipe : plain.replace(/[./:]/g, "_"));
}

export function listServers(): string[] {
  if (!existsSync(serversDir())) return [];
  return readdirSync(serversDir()).filter((name) => statSync(join(serversDir(), name)).isDirectory()).sort();
}

export interface App extends EnvFile {
  readonly domain: string;
  readonly server: string;
  readonly file: string;
  readonly recipe: string;
  /** The version that the env file names; what abra checks out for every later command. */
  readonly version: string | null;
  readonly stack: string;
}

/** @throws Fatal where no server has an app of that name, or its env file names no recipe */
export function findApp(domain: string): App {
  const server = listServers().find((name) => existsSync(join(serversDir(), name, `${domain}.env`)));
  if (!server) throw new Fatal(`cannot find app with name ${domain}`);
  return readApp(server, domain);
}

export function listApps(): App[] {
  return listServers().flatMap((server) =>
    readdirSync(join(serversDir(), server))
      .filter((name) => name.endsWith(".env"))
      .sort()
      .map((name) => readApp(server, name.slice(0, -".env".length))),
  );
}

function readApp(server: string, domain: string): App {
  const file = join(serversDir(), server, `${domain}.env`);
  const parsed = parseEnv(readFileSync(file, "utf8"));
  const type = parsed.env.TYPE ?? parsed.env.RECIPE;
  if (!type) throw new Fatal(`${file}: neither TYPE nor RECIPE is set`);
  return { ...parsed, domain, server, file, ...splitType(type), stack: parsed.env.STACK_NAME ?? stackName(domain) };
}

const longestStack = 45;

/** Dots become underscores; long names are cut. [R] that and where they are cut */
export function stackName(domain: string): string {
  return domain.replaceAll(".", "_").slice(0, longestStack);
}

/** What compose files are interpolated with: the env file, abra.sh's exports over it, STACK_NAME. */
export function composeEnv(app: App): Env {
  const script = join(recipeDir(app.recipe), "abra.sh");
  const exported = existsSync(script) ? abraShExports(readFileSync(script, "utf8")) : {};
  return { ...app.env, ...exported, STACK_NAME: app.stack };
}
