/** Which paths of this machine a pull request's tests see, and where: this machine to the node, the node to the container. Pure but for where packages lie. */
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { packageRoot } from "../../../base/paths.ts";
import type { TierContext } from "../../../../tiers/context.ts";
import { socketVariable } from "../../../../tiers/runner/channel.ts";
import { codeFolder, controlSocket, insideEdge, scratchFolder, testsFolder, waysFolder } from "../../../../tiers/runner/inside.ts";

interface Mount {
  readonly source: string;
  readonly target: string;
}

/** Where the node has what the container is given. */
const onNode = "/opt/recipe-ci-tests";

/** All of this package that tests stand on. No more of it: its folder may hold results, a .git with somebody's token, settings of other recipes. */
const code = ["package.json", "tiers", "harness/base", "reports"] as const;

/** Of the packages, the folder that holds vitest: where this package is installed itself, that may be one above. */
function packagesFolder(): string {
  return dirname(dirname(createRequire(import.meta.url).resolve("vitest/package.json")));
}

/**
 * What the node sees of this machine, read-only.
 * @param ways the folder in which the runs' sockets are made
 */
export function nodeMounts(ways: string, packages: string = packagesFolder()): Mount[] {
  return [
    ...code.map((path) => ({ source: join(packageRoot, path), target: `${onNode}/code/${path}` })),
    { source: packages, target: `${onNode}/node_modules` },
    { source: ways, target: `${onNode}/ways` },
  ];
}

/** The Node that is mounted: whether the node sees it says whether its engine is on this machine. */
export const nodeProgram = `${onNode}/node_modules/node/bin/node`;

/**
 * What the container sees of the node.
 * @param tests folder of the node with the recipe's own tests
 * @param run the folder below `ways` with this run's sockets
 */
export function containerMounts(tests: string, run: string): Mount[] {
  return [
    ...code.map((path) => ({ source: `${onNode}/code/${path}`, target: `${codeFolder}/${path}` })),
    { source: `${onNode}/node_modules`, target: `${codeFolder}/node_modules` },
    { source: `${onNode}/ways/${run}`, target: waysFolder },
    { source: tests, target: testsFolder },
  ];
}

export const argv: readonly string[] = [`${codeFolder}/node_modules/node/bin/node`, `${codeFolder}/tiers/runner/confined.ts`];

/** Errors name files as they are called in the repo. */
export const workDir: string = dirname(testsFolder);

/** Nothing of the build's own environment is in it. */
export const env: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: scratchFolder,
  TMPDIR: scratchFolder,
  XDG_DATA_HOME: scratchFolder,
  LANG: "C.UTF-8",
  NO_COLOR: "1",
  NODE_ENV: "test",
  RECIPE_CI_RUNNER_DIR: `${scratchFolder}/runner`,
  [socketVariable]: controlSocket,
};

/**
 * The container's name for a file of this package or of the recipe's own tests.
 * @param own folder of the recipe's own tests on this machine
 * @throws Error for any other file
 */
export function inside(file: string, own: string): string {
  for (const [folder, target] of [[own, testsFolder], ...code.map((path) => [join(packageRoot, path), `${codeFolder}/${path}`])] as const) {
    const below = relative(folder, file);
    if (below !== "" && !below.startsWith("..")) return `${target}/${below}`;
  }
  throw new Error(`${file} is neither one of the recipe's own tests nor of this package`);
}

/** What the tests are told: the edge is reached through the container's own ports. */
export function insideContext(context: TierContext, own: string): TierContext {
  const { edge, expect } = context;
  return {
    ...context,
    edge: { ...insideEdge, trust: edge.trust },
    expect: expect.tier === "hook" ? { ...expect, file: inside(expect.file, own) } : expect,
  };
}
