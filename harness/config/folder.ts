import { readdir, readFile, stat } from "node:fs/promises";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, UsageError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";
import { parseSettings, parseSettingsJson, type Settings } from "./recipe.ts";

/** Files that look like settings and would be overlooked. */
const lookalike = /^(?:recipe|settings|config)\.(?:[cm]?[jt]s|jsonc?|json5|ya?ml|toml)$/i;

/**
 * The settings in a folder that is trusted: of this project, or named by whoever started the build. recipe.ts is imported,
 * recipe.json is parsed.
 * @param said how messages call the folder
 * @returns null where it holds none
 * @throws UsageError where they can't be used; for a file that looks like settings and is none
 */
export async function settingsIn(folder: string, said: string): Promise<Settings | null> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new UsageError(said, `can't be read: ${messageOf(error)}`, "name a readable folder");
  });
  refuseLookalikes(files, ["recipe.ts", "recipe.json"], said);
  const [code, data] = [files.includes("recipe.ts"), files.includes("recipe.json")];
  if (code && data) throw new UsageError(said, "has both recipe.ts and recipe.json", "keep one");
  if (code) return parseSettings(await imported(join(folder, "recipe.ts"), `${said}/recipe.ts`), `${said}/recipe.ts`);
  return data ? parseSettingsJson(await read(join(folder, "recipe.json"), `${said}/recipe.json`), `${said}/recipe.json`) : null;
}

/**
 * The settings of `--config DIR`.
 * @throws UsageError as `settingsIn`, and where the folder is not there or holds no settings
 */
export async function configFolder(folder: string, said: string): Promise<Settings> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) throw new UsageError(`--config ${said}`, found ? "is no folder" : "does not exist", "name a folder with a recipe.ts or recipe.json in it");
  const settings = await settingsIn(folder, said.replace(/\/+$/, ""));
  if (!settings) throw new UsageError(`--config ${said}`, "holds neither recipe.ts nor recipe.json", "put one there; {} in recipe.json is enough");
  return settings;
}

/** @throws UsageError for a file that looks like settings under a name that nobody reads */
export function refuseLookalikes(files: readonly string[], known: readonly string[], said: string): void {
  const odd = files.find((file) => lookalike.test(file) && !known.includes(file));
  if (odd !== undefined) throw new UsageError(`${said}/${odd}`, "is not read", `settings are in ${known.join(" or ")}: move it there`);
}

async function imported(path: string, said: string): Promise<unknown> {
  const url = pathToFileURL(path).href;
  const hooks = registerHooks({ resolve: (specifier, context, next) => resolved(specifier, url) ?? next(specifier, context) });
  let module: { default?: unknown };
  try {
    module = (await import(url)) as typeof module;
  } catch (error) {
    throw new UsageError(said, `can't be loaded: ${messageOf(error).split("\n")[0]}`, "mend it", { cause: error });
  } finally {
    hooks.deregister();
  }
  if (!("default" in module)) throw new UsageError(said, "exports no default", "write: export default defineRecipe({ ... })");
  return module.default;
}

/** A folder elsewhere has neither our package nor, maybe, a package.json that says what its modules are. */
function resolved(specifier: string, url: string): { url: string; format?: string; shortCircuit: true } | null {
  if (specifier === "recipe-ci/settings") return { url: pathToFileURL(join(packageRoot, "tiers/settings.ts")).href, shortCircuit: true };
  return specifier === url && !url.startsWith(`${pathToFileURL(packageRoot).href}/`) ? { url, format: "module-typescript", shortCircuit: true } : null;
}

async function read(path: string, said: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(said, `can't be read: ${messageOf(error)}`, "make it a readable file");
  }
}
