import { infra } from "../base/errors.ts";
import type { NodeShell } from "../swarm/types.ts";

/** What of a checkout is put where abra looks for recipes. */
export interface Placed {
  readonly name: string;
  readonly dir: string;
  readonly mirror: string;
}

/**
 * abra's copy of a recipe, on the node. abra moves it to other commits on its own account, so whoever needs a certain
 * commit checks it out again right before the call that reads it.
 */
export class RecipeTree {
  readonly #shell: NodeShell;
  readonly #dir: string;
  readonly #signal: AbortSignal;

  /** @param abraDir ABRA_DIR on the node */
  constructor(shell: NodeShell, abraDir: string, signal: AbortSignal) {
    this.#shell = shell;
    this.#dir = abraDir;
    this.#signal = signal;
  }

  path(recipe: string): string {
    return `${this.#dir}/recipes/${recipe}`;
  }

  /**
   * Copies a checkout to `recipes/NAME` and its mirror to `origins/NAME.git`, and makes that the clone's origin: lint fetches
   * tags from there with no network.
   * @throws infra (class abra-tree)
   */
  async place({ name, dir, mirror }: Placed): Promise<void> {
    const [tree, origin] = [this.path(name), `${this.#dir}/origins/${name}.git`];
    await this.#shell.putTree(mirror, origin);
    await this.#shell.putTree(dir, tree);
    // git refuses repos of other users, and a copied file may still belong to whoever made it.
    await this.#must(["sh", "-c", 'chown -R "$(id -u):$(id -g)" "$@"', "sh", tree, origin]);
    await this.#git(name, "remote", "set-url", "origin", origin);
  }

  /**
   * The wanted commit in the tree again, whatever abra did to tracked files; untracked ones stay.
   * @throws infra (class abra-tree) where the tree does not end up there
   */
  async checkoutHead(recipe: string, sha: string): Promise<void> {
    await this.#git(recipe, "checkout", "--quiet", "--force", "--detach", sha);
    const now = (await this.#git(recipe, "rev-parse", "HEAD")).trim();
    if (now !== sha) throw infra("abra-tree", `${this.path(recipe)} is at ${now} and not at ${sha}`, "report this: something else moves the run's private tree", []);
  }

  /** Files that differ from the commit or are untracked: what abra calls unstaged changes. */
  async dirt(recipe: string): Promise<string[]> {
    const status = await this.#git(recipe, "status", "--porcelain", "--untracked-files=all", "--no-renames", "-z");
    return status.split("\0").filter(Boolean).map((entry) => entry.slice(3));
  }

  #git(recipe: string, ...args: string[]): Promise<string> {
    return this.#must(["git", "-C", this.path(recipe), "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.fsmonitor=false", ...args]);
  }

  async #must(argv: readonly string[]): Promise<string> {
    const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
    const { exitCode, stdout, stderr } = await this.#shell.exec(argv, { env, cwd: "/", timeoutMs: 60_000, signal: this.#signal });
    if (exitCode === 0) return stdout;
    throw infra("abra-tree", `abra's copy of the recipe: ${argv.join(" ")} ended with exit code ${exitCode}`, "look at the evidence", stderr.split("\n").slice(-5));
  }
}
