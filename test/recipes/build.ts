/** Turns a fixture (plain folders) into the git repo that a recipe is, the same commits each time. */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { command } from "../../harness/base/command.ts";
import { UsageError } from "../../harness/base/errors.ts";

const fixtures = import.meta.dirname;

const fixtureSchema = z.strictObject({
  /** Another fixture that this one is laid over; its name is replaced by this one's in every file. */
  over: z.string().optional(),
  /** Oldest first; left out: those of `over`. */
  versions: z.array(z.strictObject({ tag: z.string(), without: z.array(z.string()).default([]) })).optional(),
});

/** A state of the recipe: folders laid over one another, later ones win, then files taken out. */
interface Tree {
  readonly layers: readonly string[];
  readonly without: readonly string[];
}

interface Plan {
  readonly over: string | undefined;
  readonly versions: readonly { readonly tag: string; readonly tree: Tree }[];
  readonly head: Tree;
}

/** The fixtures there are. */
export async function fixtureNames(): Promise<string[]> {
  const entries = await readdir(fixtures, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}

/**
 * Makes the recipe `name` as a git repo in the folder `into/name`, which must not exist yet: a commit and an annotated tag a version,
 * then a head commit on branch main. Untouched by the user's git configuration; the commit ids are the same on every machine.
 * @returns the repo's folder
 * @throws UsageError where there is no such fixture, or the folder exists
 */
export async function materialise(name: string, into: string): Promise<string> {
  const plan = await planOf(name);
  const repo = join(into, name);
  await mkdir(into, { recursive: true });
  await mkdir(repo).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new UsageError(repo, "exists already", "choose another folder");
  });
  await git(repo, 0, "init", "--quiet", "--template=", "--initial-branch=main");
  for (const [index, { tag, tree }] of plan.versions.entries()) {
    await lay(tree, repo, plan.over, name);
    await commit(repo, index, `chore: publish ${tag} release`);
    await git(repo, index, "tag", "--annotate", tag, "--message", `chore: publish ${tag} release`);
  }
  await lay(plan.head, repo, plan.over, name);
  await commit(repo, plan.versions.length, plan.versions.length === 0 ? "feat: first version" : "feat: the change under test");
  return repo;
}

async function planOf(name: string): Promise<Plan> {
  const text = await readFile(join(fixtures, name, "fixture.json"), "utf8").catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new UsageError(name, "no such fixture recipe", `one of: ${(await fixtureNames()).join(", ")}`);
  });
  const own = fixtureSchema.parse(JSON.parse(text));
  const base = own.over === undefined ? null : await planOf(own.over);
  const over = (tree: Tree | undefined, ...dirs: string[]): Tree => ({
    layers: [...(tree?.layers ?? []), ...dirs.map((dir) => join(fixtures, name, dir))],
    without: tree?.without ?? [],
  });
  const head = over(base?.head, "head");
  const versions = own.versions
    ? own.versions.map(({ tag, without }) => ({ tag, tree: { ...over(undefined, "head", `history/${tag}`), without } }))
    : (base?.versions ?? []).map(({ tag, tree }) => ({ tag, tree: over(tree, `history/${tag}`) }));
  return { over: own.over, versions, head };
}

/** Replaces the repo's files by those of `tree`. */
async function lay(tree: Tree, repo: string, over: string | undefined, name: string): Promise<void> {
  for (const entry of await readdir(repo)) if (entry !== ".git") await rm(join(repo, entry), { recursive: true });
  for (const dir of tree.layers) if (existsSync(dir)) await cp(dir, repo, { recursive: true });
  for (const file of tree.without) await rm(join(repo, file));
  if (over !== undefined) await renameIn(repo, over, name);
}

async function renameIn(repo: string, from: string, to: string): Promise<void> {
  for (const entry of await readdir(repo, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || file.startsWith(join(repo, ".git/"))) continue;
    const text = await readFile(file, "utf8");
    if (text.includes(from)) await writeFile(file, text.replaceAll(from, to));
  }
}

async function commit(repo: string, day: number, subject: string): Promise<void> {
  await git(repo, day, "add", "--all", "--force");
  await git(repo, day, "commit", "--quiet", "--message", subject);
}

/** git without the user's or the machine's configuration; day 0 is 2024-01-01. */
async function git(cwd: string, day: number, ...argv: string[]): Promise<void> {
  const date = new Date(Date.UTC(2024, 0, 1 + day, 12)).toISOString();
  const result = await command(["git", ...argv], {
    cwd,
    cleanEnv: true,
    timeoutMs: 30_000,
    env: {
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "A Maintainer",
      GIT_AUTHOR_EMAIL: "maintainer@example.com",
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: "A Maintainer",
      GIT_COMMITTER_EMAIL: "maintainer@example.com",
      GIT_COMMITTER_DATE: date,
    },
  });
  if (result.exitCode !== 0) throw new Error(`git ${argv.join(" ")} in ${cwd}: ${result.stderr}`);
}

// As a program: `node test/recipes/build.ts NAME INTO` prints the repo's folder.
if (import.meta.main) {
  const [name, into] = process.argv.slice(2);
  if (!name || !into) {
    console.error("usage: build.ts NAME INTO");
    process.exitCode = 2;
  } else {
    console.log(await materialise(name, into));
  }
}
