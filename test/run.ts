/**
 * `node test/run.ts [--install] SUITE... [PATH]`: runs vitest's projects one after the other, the next also when one fails,
 * and closes with `N passed, N failed`. PATH is the abra that the contract is held against; without it, the stand-in.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { allowedSkips } from "./run/skips.ts";
import { runSuite } from "./run/suite.ts";
import { closingLine, type Tally, tally } from "./run/tally.ts";

/** Longest that each suite may take, milliseconds; the smoke may have to provision the machine first. */
const limits: Readonly<Record<string, number>> = {
  unit: 2 * 60_000,
  simulator: 3 * 60_000,
  fuzz: 5 * 60_000,
  process: 5 * 60_000,
  corpus: 5 * 60_000,
  smoke: 15 * 60_000,
  swarm: 55 * 60_000,
  canaries: 25 * 60_000,
  contract: 20 * 60_000,
};

const given = readArguments();

const controller = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
}

const tallies: Tally[] = [];
for (const suite of given.suites) {
  if (controller.signal.aborted) {
    tallies.push({ passed: 0, failed: 1, notes: [`${suite}: not run, ${controller.signal.reason.message}`] });
    continue;
  }
  const { counts, exitCode } = await runSuite({
    project: suite,
    env: {
      RECIPE_CI_INSTALL: given.install ? "1" : "",
      ...(given.abra === null ? {} : { RECIPE_CI_ABRA_UNDER_TEST: given.abra }),
    },
    timeoutMs: limits[suite] ?? 0,
    signal: controller.signal,
  });
  tallies.push(tally(suite, counts, exitCode, allowedSkips));
}
for (const note of tallies.flatMap((one) => one.notes)) console.log(note);
console.log(closingLine(tallies));
process.exitCode = tallies.every((one) => one.failed === 0) ? 0 : 1;

/** Bad arguments end the run with one line and exit code 2. */
function readArguments(): { install: boolean; abra: string | null; suites: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { install: { type: "boolean", default: false } },
    });
    const suites = positionals.filter((word) => limits[word] !== undefined);
    // npm puts what follows `--` behind the suites; a path has a slash in it.
    const paths = positionals.filter((word) => limits[word] === undefined && word.includes("/"));
    const unknown = positionals.filter((word) => !suites.includes(word) && !paths.includes(word));
    if (suites.length === 0 || unknown.length > 0 || paths.length > 1) {
      throw new Error(`${unknown.join(", ") || paths.slice(1).join(", ") || "no suite"}: give one or more of ${Object.keys(limits).join(", ")}, and at most one path of an abra`);
    }
    // npm runs scripts in the package's folder and keeps the caller's in INIT_CWD.
    const abra = paths[0] === undefined ? null : resolve(process.env.INIT_CWD ?? process.cwd(), paths[0]);
    return { install: values.install, abra, suites };
  } catch (error) {
    console.error(`test/run.ts: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
