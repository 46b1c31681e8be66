/** Which files of a folder are a recipe's tests. Pure. */

export interface TestFiles {
  /** Of the custom tier. */
  readonly custom: readonly string[];
  /** Of the extra tier, by their folder; a tag makes single tests of the others extra. */
  readonly extra: readonly string[];
  readonly hooks: string | null;
  /** What looks like a test, or helps one, and is none: whoever wrote it believes that it runs. */
  readonly odd: readonly string[];
  /** The other code beside the tests. */
  readonly helpers: readonly string[];
}

const test = /\.test\.ts$/;
const lookalike = /[._-](?:test|spec)\.[cm]?[jt]sx?$/;
const code = /\.[cm]?[jt]sx?$/;
const known = new Set(["recipe.ts", "hooks.ts"]);

/**
 * Tests are `*.test.ts`, in whatever folder; those below a folder `extra/` are of the extra tier.
 * @param names files below the folder, relative to it, with `/` between
 */
export function testFiles(names: readonly string[]): TestFiles {
  const sorted = names.filter((name) => !name.split("/").some((part) => part === "node_modules" || part.startsWith("."))).sort();
  const tests = sorted.filter((name) => test.test(name));
  const [custom, extra] = [tests.filter((name) => !isExtra(name)), tests.filter(isExtra)];
  const lookalikes = sorted.filter((name) => lookalike.test(name) && !test.test(name));
  const helpers = sorted.filter((name) => code.test(name) && !lookalike.test(name) && !known.has(name) && !name.endsWith(".d.ts"));
  const hooks = sorted.includes("hooks.ts") ? "hooks.ts" : null;
  // Helpers of nothing: the test was forgotten, or has a name that nobody looks for.
  const orphans = tests.length > 0 || hooks !== null ? [] : helpers;
  return { custom, extra, hooks, odd: [...lookalikes, ...orphans], helpers };
}

function isExtra(name: string): boolean {
  return name.split("/").slice(0, -1).includes("extra");
}
