/**
 * `npm run bench:overhead [-- --recipe wordpress --pairs 3]`: what recipe-ci costs over a plain shell script of the same steps, install and upgrade.
 * Both in turn, each pair in the other order, on the same machine, images and caches. Exit code 1 where it costs too much.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command } from "../../harness/base/command.ts";
import { packageRoot } from "../../harness/base/paths.ts";
import { materialise } from "../recipes/build.ts";
import { plainEnvironment } from "./plain.ts";
import { report } from "./table.ts";

const runTimeoutMs = 300_000;

const { values } = parseArgs({
  options: {
    recipe: { type: "string", default: "wordpress" },
    pairs: { type: "string", default: "3" },
    install: { type: "boolean", default: false },
  },
});
const pairs = Number(values.pairs);
if (!Number.isInteger(pairs) || pairs < 3) {
  console.error(`bench: --pairs ${values.pairs}: fewer than three say nothing; give a whole number from 3`);
  process.exit(2);
}

let node: string | null = null;
const folder = await mkdtemp(join(tmpdir(), "recipe-ci-bench-"));
try {
  const repo = await materialise(values.recipe, folder);
  console.log("warming up: machine, images and cache");
  await recipeCi(repo);
  const env = await plainEnvironment(repo, folder, AbortSignal.timeout(runTimeoutMs));
  node = env.NAME ?? null;
  const measured: { recipeCi: number; plain: number }[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    const first = pair % 2 === 1;
    const before = first ? await recipeCi(repo) : null;
    const plain = await timed(["bash", join(import.meta.dirname, "plain.sh")], env);
    const ours = before ?? (await recipeCi(repo));
    measured.push({ recipeCi: ours, plain });
    console.log(`pair ${pair}: recipe-ci ${(ours / 1000).toFixed(1)} s, plain ${(plain / 1000).toFixed(1)} s`);
  }
  const { text, met } = report(values.recipe, measured);
  console.log(`\n${text}`);
  process.exitCode = met ? 0 : 1;
} finally {
  // The script removes its node itself, unless it was killed.
  if (node !== null) await command(["docker", "rm", "--force", "--volumes", node], { timeoutMs: 60_000 });
  await rm(folder, { recursive: true, force: true });
}

/** One build from the command line, start-up and all; it has to pass, else its time means nothing. @returns milliseconds */
async function recipeCi(repo: string): Promise<number> {
  const out = join(folder, "out");
  const argv = [join(packageRoot, "bin/recipe-ci"), "run", repo, "--stages", "install,upgrade", "--abra", join(packageRoot, "test/abra/abra"), "--out", out];
  const ms = await timed(values.install ? [...argv, "--install"] : argv, {});
  const { phases } = JSON.parse(await readFile(join(out, "results.json"), "utf8")) as { phases: { name: string; durationMs: number }[] };
  console.log(`  recipe-ci: ${phases.map((phase) => `${phase.name} ${(phase.durationMs / 1000).toFixed(1)}`).join(", ")}`);
  return ms;
}

async function timed(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const { exitCode, stdout, stderr, durationMs } = await command(argv, { env, timeoutMs: runTimeoutMs });
  if (exitCode === 0) return durationMs;
  const log = join(tmpdir(), `recipe-ci-bench-${process.pid}.log`);
  if (!existsSync(log)) await writeFile(log, `${stdout}\n${stderr}`);
  throw new Error(`${argv.slice(0, 2).join(" ")} ended with exit code ${exitCode}; its output is in ${log}:\n${stderr.slice(-1500)}`);
}
