/**
 * `node test/simulator/simulate.ts [--runs N] [--from SEED] [--seed SEED]`: plays worlds and says how often the watch was wrong.
 * Exit code 1 where it was. `--seed` plays one and tells all of it.
 */
import { parseArgs } from "node:util";
import { type Run, run } from "./run.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "10000" }, from: { type: "string", default: "1" }, seed: { type: "string" } } });

if (values.seed === undefined) playMany(Number(values.from), Number(values.runs));
else playOne(Number(values.seed));

function playMany(from: number, runs: number): void {
  const started = performance.now();
  const tally = new Map<string, number>();
  const count = (name: string) => tally.set(name, (tally.get(name) ?? 0) + 1);
  let looks = 0;
  let wrong = 0;
  for (let seed = from; seed < from + runs; seed++) {
    const one = run(seed);
    looks += one.seen.looks;
    count(`= ${one.mark}`);
    count(`truth ${one.truth.well ? "well" : "bad"}: ${one.outcome}`);
    if (one.mark === "right") continue;
    wrong++;
    console.log(`${one.mark}, seed ${seed} (${one.scenario.kind}): ${said(one)}; truth: ${one.truth.why.join(", ") || "well"}`);
  }
  for (const [name, times] of [...tally].sort()) console.log(`${String(times).padStart(7)}  ${name}`);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${runs} runs in ${seconds.toFixed(1)} s (${((1000 * seconds) / runs).toFixed(1)} ms each, ${Math.round(looks / runs)} looks each): ${["false red", "missed", "misblamed"].map((mark) => `${tally.get(`= ${mark}`) ?? 0} ${mark}`).join(", ")}`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

function playOne(seed: number): void {
  const one = run(seed);
  console.dir(one.scenario, { depth: 9 });
  console.dir({ ...one, scenario: one.scenario.kind }, { depth: 4 });
  process.exitCode = one.mark === "right" ? 0 : 1;
}

function said({ seen, outcome }: Run): string {
  if (seen.verdict) return `${seen.verdict.kind} ${seen.verdict.cls} ${seen.verdict.service} after ${Math.round(seen.verdict.at / 1000)} s, ${seen.verdict.summary}`;
  return `${outcome}: ${seen.standing?.line}`;
}
