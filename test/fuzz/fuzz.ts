/**
 * `node test/fuzz/fuzz.ts [--runs N] [--seed SEED] [--only NAME]`: has every parser read N inputs, and its long ones, and says how
 * it went. Exit code 1 where one failed; its seed plays it again.
 */
import { parseArgs } from "node:util";
import { messageOf } from "../../harness/base/errors.ts";
import type { Parser } from "./parser.ts";
import { parsers } from "./parsers/index.ts";
import { play, playLong } from "./play.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "10000" }, seed: { type: "string" }, only: { type: "string" } } });
const runs = Number(values.runs);
const seed = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
const chosen = parsers.filter(({ name }) => values.only === undefined || name === values.only);

if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(`test/fuzz/fuzz.ts: --runs and --seed are whole numbers, --only is one of ${parsers.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const failed = chosen.reduce((sum, parser) => sum + playOne(parser), 0);
console.log(`${chosen.length} parsers, ${runs} cases each, seed ${seed}: ${failed} failures`);
process.exitCode = failed === 0 ? 0 : 1;

/** @returns how many failures there were */
function playOne(parser: Parser): number {
  const started = performance.now();
  const failures = [() => void play(parser, { seed, runs }), ...Object.keys(parser.long).map((name) => () => playLong(parser, name))].flatMap(messageIfFailed);
  const facts = [parser.name.padEnd(18), `${runs} cases`, `${Object.keys(parser.long).length} long`.padStart(7), `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(8), `${failures.length} failures`];
  console.log(facts.join("  "));
  for (const failure of failures) console.log(failure.split("\n").slice(0, 12).map((line) => `    ${line.slice(0, 1000)}`).join("\n"));
  return failures.length;
}

function messageIfFailed(work: () => void): string[] {
  try {
    work();
    return [];
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `\n${error.cause.stack?.split("\n").slice(0, 6).join("\n")}` : "";
    return [messageOf(error) + cause];
  }
}
