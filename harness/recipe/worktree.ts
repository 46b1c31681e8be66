import { readFile, realpath, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import type { Git } from "./git.ts";
import { leadsOut } from "./mounts.ts";

/** An author's working tree as a commit of a private repo. */
export interface Snapshot {
  /** `author` itself where nothing differs. */
  readonly commit: string;
  /** Files that differ from `author`, deleted ones too. */
  readonly changed: readonly string[];
}

/** Where the mirror keeps the commit that holds the working tree. */
const snapshotRef = "refs/recipe-ci/worktree";

/**
 * Commits tracked and unignored files of a working tree into the mirror. The author's repo is only read:
 * index, objects and refs that git writes are the mirror's.
 * @param tree the author's folder
 * @param author the commit it is based on
 * @param into a private folder for the temporary index
 * @param ignore untracked paths that are not the author's work: the build's own output, say
 */
export async function snapshot(git: Git, mirror: string, tree: string, author: string, into: string, ignore: readonly string[] = []): Promise<Snapshot> {
  const excludes = join(into, "excludes");
  await writeFile(excludes, (await authorsIgnores(git, tree)) + (await inside(tree, ignore)));
  const env = { GIT_DIR: mirror, GIT_WORK_TREE: tree, GIT_INDEX_FILE: join(into, "index") };
  const options = { cwd: tree, env, timeoutMs: 120_000 };
  const safe = ["-c", `core.excludesFile=${excludes}`, "-c", "core.bare=false", "-c", "core.autocrlf=false", "-c", "core.safecrlf=false"];
  await git.run(["read-tree", "--empty"], options);
  await added(git.try([...safe, "add", "--all", "."], options), tree);
  const tracked = await existingTracked(git, tree);
  if (tracked !== "") await added(git.try([...safe, "add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"], { ...options, env: { ...env, GIT_LITERAL_PATHSPECS: "1" }, input: tracked }), tree);
  const written = (await git.run(["write-tree"], options)).trim();
  const names = await git.run(["diff-tree", "-r", "-z", "--no-renames", "--name-only", `${author}^{tree}`, written], { cwd: mirror });
  const changed = names.split("\0").filter(Boolean);
  if (changed.length === 0) return { commit: author, changed };
  const commit = (await git.run(["commit-tree", written, "-p", author, "-m", "recipe-ci: working tree"], { cwd: mirror })).trim();
  await git.run(["update-ref", snapshotRef, commit], { cwd: mirror });
  return { commit, changed };
}

/** `working tree, 2 files differ from 1a2b3c4`. */
export function workingTreeLine(changed: readonly string[], author: string): string {
  const files = changed.length === 1 ? "1 file differs" : `${changed.length} files differ`;
  return `working tree, ${files} from ${author.slice(0, 7)}`;
}

/** Files in the author's index that still exist, NUL-separated: tracked ones count even where they are ignored. */
async function existingTracked(git: Git, tree: string): Promise<string> {
  const files = async (...what: string[]) => (await git.run(["ls-files", "-z", ...what], { cwd: tree })).split("\0").filter(Boolean);
  const gone = new Set(await files("--deleted"));
  return [...new Set(await files("--cached"))].filter((file) => !gone.has(file)).join("\0");
}

/** What the author's own settings ignore besides the .gitignore files; the repo's exclude file comes last because it wins. */
async function authorsIgnores(git: Git, tree: string): Promise<string> {
  const common = resolve(tree, (await git.run(["rev-parse", "--git-common-dir"], { cwd: tree })).trim());
  const asked = await git.try(["config", "--file", join(homedir(), ".gitconfig"), "--type=path", "core.excludesFile"], { cwd: tree });
  const standard = join(process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config"), "git", "ignore");
  const own = await readFile(asked.exitCode === 0 ? asked.stdout.trim() : standard, "utf8").catch(() => "");
  const exclude = await readFile(join(common, "info", "exclude"), "utf8").catch(() => "");
  return `${own}\n${exclude}\n`;
}

/** Patterns of an ignore file for those of the paths that lie in the tree. */
async function inside(tree: string, paths: readonly string[]): Promise<string> {
  const root = await realpath(tree);
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  const within = real.map((path) => relative(root, path)).filter((path) => path !== "" && !leadsOut(path) && !isAbsolute(path));
  return within.map((path) => `/${path.replace(/[\\*?[ ]/g, "\\$&")}\n`).join("");
}

async function added(adding: ReturnType<Git["try"]>, tree: string): Promise<void> {
  const { exitCode, stderr } = await adding;
  if (exitCode === 0) return;
  const said = stderr.split("\n").find((line) => /^(error|fatal):/.test(line)) ?? `git add ended with exit code ${exitCode}`;
  throw new UsageError(tree, `its working tree can't be read: ${said}`, "correct that, or test a commit with --ref");
}
