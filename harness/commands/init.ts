import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FindingError, UsageError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";
import { isRouted } from "../build/app/routed.ts";
import { asSampled } from "../build/app/sampled.ts";
import { checkRecipe } from "../recipe/files.ts";

/** A file of the starting set, below the recipe's .recipe-ci/. */
export interface StartingFile {
  readonly name: string;
  readonly what: string;
  readonly text: string;
}

/**
 * `recipe-ci init`: settings and a first test for a recipe, in its own repo, and what an editor needs for the tests. What is there already stays as it is.
 * @param folder the recipe's
 * @returns the exit code
 * @throws UsageError where the folder holds no recipe, or can't be written to
 */
export async function initCommand(folder: string): Promise<number> {
  const dir = resolve(folder);
  if (!(await stat(dir).catch(() => null))?.isDirectory()) throw new UsageError(folder, "is no folder", "name the folder of a recipe: recipe-ci init ~/my-recipe");
  await checkRecipe(dir, folder);
  const own = join(dir, ".recipe-ci");
  const there = await readdir(own, { recursive: true }).catch(() => [] as string[]);
  const { wanted, kept } = choose(startingSet(await hasVisitors(dir, folder)), there);
  await mkdir(own, { recursive: true }).catch((error: unknown) => {
    throw new UsageError(own, `can't be made: ${String(error)}`, "make the folder writable", { cause: error });
  });
  // Never over a file that came meanwhile.
  for (const { name, text } of wanted) await writeFile(join(own, name), text, { flag: "wx" });
  process.stdout.write(report(folder, wanted, kept));
  return 0;
}

async function hasVisitors(dir: string, folder: string): Promise<boolean> {
  try {
    return isRouted({ compose: await asSampled(dir, {}) });
  } catch (error) {
    if (error instanceof FindingError) throw new UsageError(folder, error.reason.summary, error.reason.hint, { cause: error });
    throw error;
  }
}

/** What of the starting set is written: a name that is taken stays, and a folder that has tests needs no first one. Pure. */
export function choose(set: readonly StartingFile[], there: readonly string[]): { wanted: StartingFile[]; kept: string[] } {
  const isTest = (name: string) => name.endsWith(".test.ts");
  const settings = ["recipe.json", "recipe.ts"].filter((name) => there.includes(name));
  const keeps = (name: string) => there.includes(name) || (isTest(name) && there.some(isTest)) || (name === "recipe.json" && settings.length > 0);
  return { wanted: set.filter(({ name }) => !keeps(name)), kept: [...settings, ...there.filter(isTest)] };
}

/** @param routed a visitor reaches the app through the edge. Pure */
export function startingSet(routed: boolean): StartingFile[] {
  const settings = routed ? { health: { path: "/" } } : {};
  return [
    { name: "recipe.json", what: "settings: how the recipe is judged", text: `${JSON.stringify(settings, null, 2)}\n` },
    routed
      ? { name: "front-page.test.ts", what: "a first test against the live app", text: frontPage }
      : { name: "running.test.ts", what: "a first test against the live app", text: running },
    { name: "tsconfig.json", what: "for editors: where the types are on this machine", text: `${JSON.stringify(forEditors, null, 2)}\n` },
    { name: ".gitignore", what: "leaves tsconfig.json to each machine", text: "tsconfig.json\n" },
  ];
}

/** A recipe has no node_modules: what its tests import is found where recipe-ci itself is. The tests run without it. */
const forEditors = {
  compilerOptions: {
    target: "es2024",
    module: "nodenext",
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    types: ["node"],
    typeRoots: [join(packageRoot, "node_modules/@types")],
    paths: { "recipe-ci/*": [join(packageRoot, "tiers/*.ts")] },
  },
  include: ["**/*.ts"],
};

const frontPage = `import { app, expect, test } from "recipe-ci/testing";

test("a visitor gets the front page", async () => {
  const page = await app.fetch("/");
  // An app that asks for a login works too.
  expect([200, 401, 403]).toContain(page.status);
  // Any app would pass so far. What does only yours say?
  // expect(page.text()).toContain("Welcome to ...");
});
`;

const running = `import { app, expect, test } from "recipe-ci/testing";

test("app runs", async () => {
  const service = (await app.services()).find(({ name }) => name === "app");
  expect(service?.tasks.filter(({ state }) => state === "running")).toHaveLength(service?.desired ?? 1);
  // Any app would pass so far. What does only yours answer?
  // expect(await app.exec("app", ["my-program", "--check"])).toMatchObject({ exitCode: 0 });
});
`;

function report(folder: string, wanted: readonly StartingFile[], kept: readonly string[]): string {
  const width = Math.max(0, ...wanted.map(({ name }) => name.length));
  const quoted = /^[\w./~-]+$/.test(folder) ? folder : `'${folder}'`;
  const test = wanted.find(({ name }) => name.endsWith(".test.ts"))?.name;
  return [
    ...wanted.map(({ name, what }) => `wrote .recipe-ci/${name.padEnd(width)}  ${what}`),
    ...kept.map((name) => `kept  .recipe-ci/${name}, which was there`),
    "",
    "Next:",
    `  recipe-ci run ${quoted}   deploys the working tree and runs the tests as its custom tier`,
    ...(test ? [`  make .recipe-ci/${test} say what only this app can: tiers/README.md lists what a test can do`] : []),
    "  git add .recipe-ci   the recipe takes its tests along; those of a pull request are not run",
    "",
  ].join("\n");
}
