import { readFileSync, writeFileSync } from "node:fs";
import { withVersion } from "./env.ts";
import { Fatal, log } from "./log.ts";
import type { App } from "./place.ts";
import { Tree } from "./tree.ts";

/** How a command wants the recipe's tree. */
export interface Wish {
  readonly chaos: boolean;
  readonly offline: boolean;
  /** Take no notice of the version in the env file. */
  readonly ignoreEnv: boolean;
  /** A version or commit given on the command line. */
  readonly asked?: string;
}

export interface Resolved {
  readonly tree: Tree;
  /** A tag, a commit, or with chaos `<8 hex>` or `<8 hex>+U`. */
  readonly version: string;
  readonly chaos: boolean;
}

/**
 * Brings the recipe's tree to the version that the command means. Chaos takes it as it stands. Otherwise: the version asked
 * for, the env file's, the latest release, the default branch's latest commit where nothing was ever released.
 * @throws Fatal for a dirty tree, an unknown version, an origin that does not answer (unless offline)
 */
export function resolve(recipe: string, wanted: string | null, wish: Wish): Resolved {
  const tree = new Tree(recipe);
  if (wish.chaos) {
    tree.ensureExists(wish.offline);
    if (wish.asked) throw new Fatal("cannot use [version] and --chaos together");
    const version = tree.chaosVersion();
    log.debug(`version: taking chaos version: ${version}`);
    return { tree, version, chaos: true };
  }
  refresh(tree, wish);
  const version = pick(tree, wish.asked ?? (wish.ignoreEnv ? null : wanted));
  return { tree, version, chaos: false };
}

/** A clean tree with origin's tags. @throws Fatal for a dirty one, or an origin that does not answer (unless offline) */
export function refresh(tree: Tree, wish: Pick<Wish, "offline">): void {
  tree.ensureExists(wish.offline);
  tree.refuseDirty();
  if (!wish.offline) tree.fetchTags();
}

function pick(tree: Tree, wanted: string | null): string {
  if (wanted?.endsWith("+U")) throw new Fatal(`cannot check out ${wanted}: it had unstaged changes, did you mean to use --chaos?`);
  if (wanted) {
    tree.checkout(commitOf(tree, wanted));
    return wanted;
  }
  const latest = tree.versions().at(-1);
  if (latest) {
    tree.checkout(`refs/tags/${latest}`);
    return latest;
  }
  tree.checkout(tree.defaultBranch());
  return tree.must("rev-parse", "HEAD").slice(0, 8);
}

function commitOf(tree: Tree, wanted: string): string {
  const tag = `refs/tags/${wanted}`;
  if (tree.git("rev-parse", "--verify", "--quiet", tag).code === 0) return tag;
  const isCommit = /^[0-9a-f]{7,40}$/.test(wanted) && tree.git("rev-parse", "--verify", "--quiet", `${wanted}^{commit}`).code === 0;
  if (!isCommit) throw new Fatal(`${tree.recipe} has no version ${wanted}`);
  return wanted;
}

/** For commands about an app that take no version: the env file's version, unless chaos or told to ignore it. */
export function ensure(app: App, wish: Wish): Resolved {
  return resolve(app.recipe, app.version, wish);
}

/** new, deploy, upgrade and rollback leave the version that they used in the env file. */
export function writeBack(file: string, version: string): void {
  writeFileSync(file, withVersion(readFileSync(file, "utf8"), version));
}
