/** The recipe's git working tree, which abra moves behind everybody's back. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fatal, log } from "./log.ts";
import { abraDir, recipeDir } from "./place.ts";
import { type Output, capture } from "./run.ts";
import { compareTags, isVersionTag } from "./semver.ts";

export class Tree {
  readonly recipe: string;
  readonly dir: string;

  constructor(recipe: string) {
    this.recipe = recipe;
    this.dir = recipeDir(recipe);
  }

  git(...args: string[]): Output {
    return capture(["git", "-c", "safe.directory=*", "-C", this.dir, ...args], { env: { ...process.env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" } });
  }

  must(...args: string[]): string {
    const { code, stdout, stderr } = this.git(...args);
    if (code !== 0) throw new Fatal(`git ${args[0]} in ${this.dir}: ${stderr.trim()}`);
    return stdout.trimEnd();
  }

  exists(): boolean {
    return existsSync(join(this.dir, ".git"));
  }

  /** Clones the recipe where it is missing. @throws Fatal offline, or where the address does not answer */
  ensureExists(offline: boolean): void {
    if (this.exists()) return;
    if (offline) throw new Fatal(`recipe ${this.recipe} is not in ${abraDir()}/recipes and cannot be fetched offline`);
    const address = this.recipe.includes("/") ? this.recipe : `https://git.coopcloud.tech/coop-cloud/${this.recipe}`;
    const url = /^([a-z+]+:\/\/|\/|[^/]+@)/.test(address) ? address : `https://${address}`;
    mkdirSync(dirname(this.dir), { recursive: true });
    const { code, stderr } = capture(["git", "clone", "--quiet", url, this.dir], { env: { ...process.env, GIT_TERMINAL_PROMPT: "0" } });
    if (code !== 0) throw new Fatal(`unable to clone ${url}: ${stderr.trim()}`);
  }

  /** Tags from origin, replacing what differs here. @throws Fatal where origin cannot be read */
  fetchTags(): void {
    const { code, stderr } = this.git("fetch", "--quiet", "--tags", "--force", "origin");
    if (code !== 0) throw new Fatal(`unable to fetch tags of ${this.recipe}: ${stderr.trim()}`);
  }

  /**
   * True where files differ from the commit or are not tracked. Only .gitignore hides a file: whether abra reads
   * .git/info/exclude or the user's own ignore file is not known, so neither helps here. [R]
   */
  dirty(): boolean {
    const untracked = this.must("ls-files", "--others", "--exclude-per-directory=.gitignore");
    return untracked !== "" || this.must("status", "--porcelain", "--untracked-files=no") !== "";
  }

  refuseDirty(): void {
    if (this.dirty()) throw new Fatal(`${this.recipe} (${this.dir}) has locally unstaged changes`);
  }

  /** Tags that are recipe versions, oldest first, annotated or not. */
  versions(): string[] {
    return this.must("tag", "--list").split("\n").filter(isVersionTag).sort(compareTags);
  }

  /** Every tag that is no annotated one: what R014 objects to. */
  lightweightTags(): string[] {
    const refs = this.must("for-each-ref", "--format=%(objecttype) %(refname:short)", "refs/tags").split("\n");
    return refs.filter((line) => line && !line.startsWith("tag ")).map((line) => line.slice(line.indexOf(" ") + 1));
  }

  /** `7ae7b0f7`, or `7ae7b0f7+U` where the tree is dirty. */
  chaosVersion(): string {
    return this.must("rev-parse", "HEAD").slice(0, 8) + (this.dirty() ? "+U" : "");
  }

  checkout(ref: string): void {
    const { code, stderr } = this.git("checkout", "--quiet", "--force", ref);
    if (code !== 0) throw new Fatal(`unable to check out ${ref} of ${this.recipe}: ${stderr.trim()}`);
    log.debug(`${this.recipe}: checked out ${ref}`);
  }

  defaultBranch(): string {
    const head = this.git("symbolic-ref", "--short", "refs/remotes/origin/HEAD");
    const candidates = [head.code === 0 ? head.stdout.trim().replace(/^origin\//, "") : "", "main", "master"].filter(Boolean);
    const found = candidates.find((name) => this.git("rev-parse", "--verify", "--quiet", `refs/heads/${name}`).code === 0);
    if (!found) throw new Fatal(`${this.recipe} has neither a main nor a master branch`);
    return found;
  }
}
