/**
 * Where the stand-in for abra lives, here and inside a node's container. The program itself is only ever run as a process.
 */
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

/** A bind mount, always read-only. Both paths are absolute; a target is a file where its source is one. */
export interface StandInMount {
  readonly source: string;
  readonly target: string;
}

const target = "/opt/recipe-ci";

/** The stand-in's executable inside the container. Next to it, `unconfirmed.json` marks it as a stand-in. */
export const standInCommand = `${target}/test/abra/abra`;

/** The stand-in's executable in a checkout, for abra on the host. */
export function standInOnHost(packageRoot: string): string {
  return join(packageRoot, "test/abra/abra");
}

/**
 * What the container needs to run the stand-in: its sources, its one dependency, package.json (it says that the
 * sources are ES modules) and Node 24 (linked against glibc, so the container must be Debian or the like).
 * Sources are resolved: npm may have linked them, and the engine mounts a link's target elsewhere.
 * @throws ENOENT where `npm ci` has not been run in `packageRoot`
 */
export function standInMounts(packageRoot: string): StandInMount[] {
  return ["package.json", "test/abra", "node_modules/yaml", "node_modules/node/bin/node"].map((path) => ({
    source: realpathSync(join(packageRoot, path)),
    target: `${target}/${path}`,
  }));
}

/** The ids of the assumptions that only a real abra can confirm, as the contract lists them. */
export function unconfirmedAssumptions(packageRoot: string): string[] {
  const listed = JSON.parse(readFileSync(join(packageRoot, "test/abra/unconfirmed.json"), "utf8")) as { id: string; text: string }[];
  return listed.map(({ id, text }) => `${id}: ${text}`);
}
