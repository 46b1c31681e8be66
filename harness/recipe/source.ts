import { dirname, join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";

/** Where a recipe comes from. */
export type Source =
  | { readonly kind: "path"; readonly path: string; readonly name: string }
  | { readonly kind: "url"; readonly url: string; readonly name: string };

/** Where recipes that are named, not located, live. */
export const catalogueBase = "https://git.coopcloud.tech/coop-cloud";

const url = /^(?:https?|ssh|git|file):\/\/[^\s]+$/;
const scpLike = /^[\w.-]+@[\w.-]+:[^\s]+$/;
const recipeName = /^[a-z0-9][a-z0-9_.-]*$/i;

/**
 * What the argument of `run` means, in this order: a git URL, a path (one that exists or looks like one), a recipe's name.
 * @param src `--src` or SRC: the full URL or folder of the recipe, or the base that names are looked up under
 * @param exists whether something stands at a path
 * @throws UsageError where it can be none of them
 */
export function sourceOf(argument: string, src: string | null, exists: (path: string) => boolean): Source {
  if (isUrl(argument)) return { kind: "url", url: argument, name: nameOf(argument) };
  const pathLike = /^(?:[./~]|.*\/)/.test(argument);
  if (pathLike || (src === null && exists(argument))) {
    if (!exists(argument)) throw new UsageError(argument, "no such folder", "give the path of a recipe's git repo, a git URL, or a recipe's name");
    return { kind: "path", path: argument, name: nameOf(argument) };
  }
  if (!recipeName.test(argument)) {
    throw new UsageError(argument || "recipe", "is neither a path, a git URL nor a recipe's name", "for example: recipe-ci run wordpress, or: recipe-ci run ./my-recipe");
  }
  return src === null ? { kind: "url", url: `${catalogueBase}/${argument}.git`, name: argument } : named(argument, src, exists);
}

/**
 * Where a recipe comes from that another one needs: the folder of its name beside the other's, else wherever a recipe of that name comes from.
 * @param other the recipe that needs it
 * @param src as in `sourceOf`; where it is the other's own place, it says nothing of this one
 * @throws UsageError as `sourceOf`
 */
export function sourceBeside(other: Source, name: string, src: string | null, exists: (path: string) => boolean): Source {
  const path = other.kind === "path" ? join(dirname(resolve(other.path)), name) : null;
  if (path !== null && exists(path)) return { kind: "path", path, name };
  const base = src !== null && isWhole(src, other.name) ? null : src;
  // What happens to stand where the build was started is nobody's choice.
  return sourceOf(name, base, (location) => location !== name && exists(location));
}

function isWhole(src: string, name: string): boolean {
  return src.endsWith(".git") || nameOf(src) === name;
}

function named(name: string, src: string, exists: (path: string) => boolean): Source {
  const whole = isWhole(src, name);
  const location = whole ? src : `${src.replace(/\/+$/, "")}/${name}`;
  if (isUrl(src)) return { kind: "url", url: whole ? location : `${location}.git`, name };
  if (exists(location)) return { kind: "path", path: location, name };
  throw new UsageError(`SRC=${src}`, `is no git URL, and there is no folder ${location}`, "give the URL or folder of the recipe's repo, or of what holds it");
}

function isUrl(text: string): boolean {
  return url.test(text) || scpLike.test(text);
}

/** A recipe's name from its folder or URL: the last part, without `.git`. */
export function nameOf(location: string): string {
  const last = location.replace(/[?#].*$/, "").replace(/\/+$/, "").split(/[/:]/).at(-1) ?? "";
  return last.replace(/\.git$/, "");
}
