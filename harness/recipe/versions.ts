import { compare, valid } from "semver";
import { UsageError } from "../base/errors.ts";
import type { Version } from "./types.ts";

/** A recipe version taken apart: `1.2.0+6.1.1` is the recipe's 1.2.0 around upstream's 6.1.1. */
export interface RecipeVersion {
  readonly recipe: string;
  readonly upstream: string;
}

/** @returns null where the tag is no recipe version (`v1`, `latest`, `1.2.0` without an upstream part) */
export function parseVersion(tag: string): RecipeVersion | null {
  const plus = tag.indexOf("+");
  if (plus < 1) return null;
  const recipe = tag.slice(0, plus);
  const upstream = tag.slice(plus + 1);
  return /^\d/.test(recipe) && valid(recipe) === recipe && /^[\w.+~-]+$/.test(upstream) ? { recipe, upstream } : null;
}

/** Negative where `a` is older. The recipe's semver decides, then upstream's label in natural order. */
export function compareVersions(a: RecipeVersion, b: RecipeVersion): number {
  return compare(a.recipe, b.recipe) || compareNaturally(a.upstream, b.upstream);
}

/** Newest first; tags that are no recipe versions are left out. */
export function newestFirst(versions: readonly Version[]): Version[] {
  return versions
    .flatMap((version) => {
      const parsed = parseVersion(version.tag);
      return parsed ? [{ version, parsed }] : [];
    })
    .sort((a, b) => compareVersions(b.parsed, a.parsed))
    .map(({ version }) => version);
}

/**
 * What head can be upgraded from: the versions whose commit is not head's, even where their label equals head's. One that head does not
 * descend from is a later one where head is an older branch: going there would be a downgrade. Only where no version is known to be an
 * ancestor do all count.
 * @param versions newest first
 * @param before tags of head's ancestors
 * @returns newest first
 */
export function olderVersions(versions: readonly Version[], head: string, before: readonly string[]): Version[] {
  const ancestors = versions.filter(({ tag }) => before.includes(tag));
  const known = ancestors.length > 0 ? ancestors : versions;
  return known.filter(({ commit }, index) => commit !== head && known.findIndex((one) => one.commit === commit) === index);
}

/**
 * The base that `--base` names.
 * @throws UsageError where no version has that tag, or it is head itself
 */
export function baseNamed(versions: readonly Version[], head: string, tag: string): Version {
  const found = versions.find((version) => version.tag === tag);
  const older = versions.filter(({ commit }) => commit !== head).map((version) => version.tag);
  const remedy = older.length > 0 ? `give one of: ${older.slice(0, 6).join(", ")}` : "leave it out: the recipe has no older version";
  if (!found) throw new UsageError(`--base ${tag}`, "is no annotated version tag of the recipe", remedy);
  if (found.commit === head) throw new UsageError(`--base ${tag}`, "is the commit under test, so there is nothing to upgrade", remedy);
  return found;
}

/** Digits compare as numbers, everything else as text: 9 < 10, 1.2 < 1.10, 6.1 < 6.1.1. */
function compareNaturally(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = "", y = ""] = [left[i], right[i]];
    const numbers = /^\d/.test(x) && /^\d/.test(y);
    const order = numbers ? compareDigits(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** A date with seconds and a commit's number is longer than a number can be. */
function compareDigits(a: string, b: string): number {
  const [x, y] = [a, b].map((digits) => digits.replace(/^0+/, "")) as [string, string];
  return x.length - y.length || compareText(x, y);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
