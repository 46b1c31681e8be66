import { posix } from "node:path";
import type { Reason } from "../../base/errors.ts";
import { leadsOut } from "../mounts.ts";
import { shown } from "./reading.ts";

/** One entry of a commit's tree, as `git ls-tree -r --long` lists it. */
export interface Entry {
  /** `100644`, `100755`, `120000` for a link, `160000` for another repo's commit. */
  readonly mode: string;
  readonly object: string;
  /** Bytes; null where it is no file. */
  readonly size: number | null;
  readonly path: string;
}

/** A recipe is text that people read, and a picture or two. */
const longestFile = 20 * 1024 ** 2;
const longestTree = 100 * 1024 ** 2;
const mostFiles = 10_000;
/** Files that have to be opened to be judged. */
const mostOpened = 200;

/** One thing that no recipe may have in its tree, whoever it comes from. */
export interface Trick {
  readonly path: string;
  readonly text: string;
  readonly remedy: string;
}

/** Files that this project writes into abra's copy of a recipe: one that is the recipe's own would come back in their place. */
export const ownFiles = /^compose\.recipe-ci(?:\..*)?\.ya?ml$/i;

/** The entries of `git ls-tree -r -z --long`. */
export function entriesIn(listed: string): Entry[] {
  return listed.split("\0").filter(Boolean).map((line) => {
    const at = line.indexOf("\t");
    const [mode = "", , object = "", size = ""] = line.slice(0, at).split(/ +/);
    return { mode, object, size: /^\d+$/.test(size) ? Number(size) : null, path: line.slice(at + 1) };
  });
}

/** What can be said of a tree by its list of files. */
export function treeTricks(entries: readonly Entry[]): Trick[] {
  const found = entries.flatMap((entry) => {
    const trick = trickOf(entry);
    return trick ? [{ path: entry.path, ...trick }] : [];
  });
  const whole = (text: string, remedy: string) => found.push({ path: ".", text, remedy });
  const bytes = entries.reduce((sum, { size }) => sum + (size ?? 0), 0);
  if (entries.length > mostFiles) whole(`has more than ${mostFiles} files`, "take out what is no part of the recipe");
  if (bytes > longestTree) whole(`is ${inMegabytes(bytes)} long, more than ${inMegabytes(longestTree)}`, "take out what is no part of the recipe");
  if (openedOf(entries).length > mostOpened) whole(`has more than ${mostOpened} links and .gitattributes`, "take them out");
  return found;
}

/** Links and attributes: what is in them decides. */
export function openedOf(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ mode, path }) => mode === "120000" || posix.basename(path).toLowerCase() === ".gitattributes");
}

/** What is wrong with the content of one of `openedOf`. */
export function contentTrick({ mode, path }: Entry, content: string): Trick | null {
  if (mode === "120000") return linkLeadsOut(path, content) ? { path, text: `is a link to ${shown(content)}, outside of the recipe`, remedy: "put the file itself there" } : null;
  const filter = content.split("\n").find((line) => !line.trimStart().startsWith("#") && /\sfilter(?:\s|=|$)/.test(line));
  return filter === undefined ? null : { path, text: `names a program that git would run over files (${shown(filter.trim())})`, remedy: "take it out, and commit the files themselves" };
}

/** What stops the build, whatever trust: the recipe's own files are at fault. */
export function trickReason(tricks: readonly Trick[]): Reason | null {
  const [first] = tricks;
  if (!first) return null;
  return {
    class: "unsafe-files",
    service: null,
    summary: `${shown(first.path)} ${first.text}`,
    evidence: tricks.slice(0, 20).map(({ path, text, remedy }) => `${shown(path)} ${text}; ${remedy}`),
    hint: first.remedy,
  };
}

function trickOf({ mode, path, size }: Entry): Omit<Trick, "path"> | null {
  if (/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]/u.test(path)) return { text: "has a name with control characters in it", remedy: "rename it" };
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || /^\.git *$/i.test(part))) return { text: "is a path that leads elsewhere", remedy: "take it out" };
  if (mode === "160000") return { text: "is a submodule: another repo, that nobody fetches", remedy: "commit its files in its place, or take it out" };
  if (ownFiles.test(parts.at(-1) ?? "")) return { text: "has the name of a file that recipe-ci writes there itself", remedy: "rename it" };
  if (size !== null && size > longestFile) return { text: `is ${inMegabytes(size)} long, more than ${inMegabytes(longestFile)}`, remedy: "take it out" };
  return null;
}

/**
 * By its words alone, and so without what stands where it leads: `..` counts at its beginning only, where the folders are the link's
 * own. Behind a name it would start from wherever that name, which may be a link too, leads.
 */
function linkLeadsOut(path: string, target: string): boolean {
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const names = parts.findIndex((part) => part !== "..");
  const climbsLater = names >= 0 && parts.slice(names).includes("..");
  const plain = posix.join(posix.dirname(path), target);
  return target.startsWith("/") || /\p{Cc}/u.test(target) || climbsLater || leadsOut(plain) || plain.split("/").some((part) => part.toLowerCase() === ".git");
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MB`;
}
