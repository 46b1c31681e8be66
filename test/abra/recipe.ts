import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Args } from "./args.ts";
import { type Command, chaos, force, machine } from "./command.ts";
import { everyComposeFile } from "./compose.ts";
import { Fatal, log, print, table } from "./log.ts";
import { brokenErrors, rows } from "./rules.ts";
import { needTerminal } from "./run.ts";
import { Tree } from "./tree.ts";

function fetchRecipe(args: Args): void {
  const tree = new Tree(args.positionals[0] ?? "");
  if (args.on("offline")) throw new Fatal("cannot fetch offline");
  if (args.on("force")) rmSync(tree.dir, { recursive: true, force: true });
  const there = tree.exists();
  tree.ensureExists(false);
  if (there) tree.fetchTags();
  log.info(`${tree.recipe} fetched`);
}

/**
 * Needs a terminal even with -n. Reads every compose*.yml of the tree, untracked ones too, and origin's tags. The exit code
 * is no verdict: 1 only where it could not lint.
 */
function lintRecipe(args: Args): void {
  needTerminal();
  const tree = new Tree(args.positionals[0] ?? "");
  tree.ensureExists(args.on("offline"));
  if (!args.on("chaos")) tree.must("rev-parse", "HEAD");
  if (!args.on("offline")) tree.fetchTags();
  if (!existsSync(join(tree.dir, ".env.sample"))) throw new Fatal(`unable to validate recipe: .env.sample of ${tree.recipe} does not exist`);
  const subject = { tree, files: everyComposeFile(tree.dir) };
  print(table(["ref", "rule", "severity", "satisfied", "skipped", "how-to-fix"], rows(subject)));
  print("");
  if (brokenErrors(subject).length > 0) log.warn(`critical errors present in ${tree.recipe} config`);
}

/** Versions, newest first, with each service's image. */
function listVersions(args: Args): void {
  const tree = new Tree(args.positionals[0] ?? "");
  tree.ensureExists(args.on("offline"));
  if (!args.on("offline")) tree.fetchTags();
  const versions = tree.versions().reverse();
  if (versions.length === 0) throw new Fatal(`${tree.recipe} has no published versions`);
  if (args.on("machine")) print(JSON.stringify(versions.map((version) => ({ version }))));
  else print(table(["version"], versions.map((version) => [version])));
}

export const recipeCommands: readonly Command[] = [
  { names: ["fetch"], usage: "<recipe>", arity: [1, 1], flags: [force], run: fetchRecipe },
  { names: ["lint"], usage: "<recipe>", arity: [1, 1], flags: [chaos], run: lintRecipe },
  { names: ["versions"], usage: "<recipe>", arity: [1, 1], flags: [machine], run: listVersions },
];
