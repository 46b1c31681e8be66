import { configFolder } from "../config/folder.ts";
import { loadHostConfig } from "../config/host.ts";
import { runBuild } from "../build/build.ts";
import { Build } from "../build/context.ts";
import { Interrupted, watchInterrupts } from "../build/interrupt.ts";
import { leavingBehind } from "../build/leaving.ts";
import { unadmit } from "../build/phases/admit.ts";
import { saveResults } from "../build/phases/report.ts";
import type { BuildRequest } from "../build/request.ts";
import { exitCodeOf } from "../build/verdict.ts";
import { keptRun } from "../build/kept.ts";
import { runRedeploy } from "../build/redeploy.ts";
import { standInOnHost } from "../abra/standIn.ts";
import { messageOf, UsageError } from "../base/errors.ts";
import { killMarked, runMark } from "../base/markedProcesses.ts";
import { packageRoot } from "../base/paths.ts";
import type { Results } from "../../reports/results.ts";
import { renderText } from "../../reports/text.ts";
import { historyFolder } from "../housekeeping/folders.ts";
import { addToHistory } from "../housekeeping/history.ts";
import { buildRequest, type RunFlags } from "./options.ts";
import { openProgress } from "./progress/progress.ts";
import { worldFor } from "./world.ts";

/** `recipe-ci run`. @returns the exit code */
export async function runCommand(recipe: string | undefined, flags: RunFlags): Promise<number> {
  if (flags.on !== undefined) return redeployCommand(recipe, { ...flags, on: flags.on });
  const request = await withSettings(buildRequest(recipe, flags, process.env), flags);
  const { config } = loadHostConfig(request.hostConfig);
  return runRequest(request, (build) => runBuild(build, worldFor(request, config)), flags.json ?? false);
}

/** `recipe-ci run --on RUN`: the recipe of a kept run again, onto its app. */
async function redeployCommand(recipe: string | undefined, flags: RunFlags & { on: string }): Promise<number> {
  const kept = keptRun(flags.on);
  for (const flag of ["base", "stages", "extra", "quick", "keep", "swarm", "abra", "variant"] as const) {
    if (flags[flag] !== undefined) throw new UsageError(`--on and --${flag}`, "contradict each other", `leave out --${flag}: a kept run stays as it is`);
  }
  const abra = kept.abra.standIn ? standInOnHost(packageRoot) : null;
  const asked = { ...buildRequest(recipe ?? kept.source, { ...flags, stages: "install", swarm: kept.swarm }, { ...process.env, EXTRA_TESTS: undefined }), variant: kept.variant, abra };
  const request = await withSettings(asked, flags);
  const { config } = loadHostConfig(request.hostConfig);
  return runRequest(request, (build) => runRedeploy(build, worldFor(request, config), kept), flags.json ?? false);
}

/** Those of `--config` are read before anything is made. @throws UsageError where they can't be used */
async function withSettings(request: BuildRequest, { config }: RunFlags): Promise<BuildRequest> {
  return config === undefined ? request : { ...request, settings: await configFolder(config, config) };
}

/** One build from request to exit code, shown while it runs, reported at its end. */
export async function runRequest(request: BuildRequest, story: (build: Build) => Promise<Results>, json: boolean): Promise<number> {
  const progress = openProgress(json);
  let begun: Build | null = null;
  const interrupt = watchInterrupts(request.deadlineMs, () => {
    progress.close();
    if (begun) killMarked(begun.id);
    process.stderr.write(`recipe-ci: ${leavingBehind(begun?.id ?? "", begun?.journal.backwards() ?? []).join("\n")}\n`);
  });
  process.stdout.on("error", () => interrupt.abort(new Interrupted("parent-gone", "SIGHUP", "nobody reads the output any more")));
  try {
    const build = new Build(request, progress.emit, interrupt.signal);
    begun = build;
    build.abort = interrupt.abort;
    process.env[runMark] = build.id;
    build.emit({ type: "build", run: build.id, source: request.source, out: request.out });
    const results = await story(build).catch((error: unknown) => refused(build, error));
    const path = saveResults(build, results);
    await addToHistory(historyFolder(), results).catch((error: unknown) => process.stderr.write(`recipe-ci: the history could not be written: ${messageOf(error)}\n`));
    build.emit({ type: "verdict", verdict: results.verdict, level: results.level, results: path ?? "" });
    progress.close();
    for (const kept of results.teardown.status === "kept" ? results.teardown.residue : []) {
      progress.emit({ type: "note", line: `the app is kept: recipe-ci open ${kept.id}` });
    }
    // Once more: what terminal control stood in the middle of is whole now that it is taken out.
    if (!json) process.stdout.write(`\n${build.mask.text(renderText(results, { color: useColor(), width: process.stdout.columns ?? 100, resultsPath: path }))}`);
    const ending = build.findings.ending;
    return exitCodeOf(results.verdict, results.teardown.status, ending?.kind === "interrupted" ? ending.signal : null);
  } finally {
    progress.close();
    interrupt.dispose();
  }
}

/** A request that was wrong: nothing stays of it but the error. */
async function refused(build: Build, error: unknown): Promise<never> {
  await unadmit(build);
  for (const { name, remove } of build.findings.teardown.residue) build.warn(`${name} is left behind; remove it with: ${remove}`);
  if (!(error instanceof UsageError)) throw error;
  const [where, what, remedy] = [error.where, error.what, error.remedy].map((text) => build.mask.text(text)) as [string, string, string];
  throw new UsageError(where, what, remedy, { cause: error });
}

function useColor(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR;
}
