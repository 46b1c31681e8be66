import { loadHostConfig } from "../config/host.ts";
import { runBuild } from "../build/build.ts";
import { Build } from "../build/context.ts";
import { Interrupted, watchInterrupts } from "../build/interrupt.ts";
import { saveResults } from "../build/phases/report.ts";
import type { BuildRequest } from "../build/request.ts";
import { exitCodeOf } from "../build/verdict.ts";
import type { OpenWorld } from "../build/world.ts";
import { renderText } from "../../reports/text.ts";
import { buildRequest, type RunFlags } from "./options.ts";
import { openProgress } from "./progress/progress.ts";
import { worldFor } from "./world.ts";

/** `recipe-ci run`. @returns the exit code */
export async function runCommand(recipe: string | undefined, flags: RunFlags): Promise<number> {
  const request = buildRequest(recipe, flags, process.env);
  const { config } = loadHostConfig(request.hostConfig);
  return runRequest(request, worldFor(request, config), flags.json ?? false);
}

/** One build from request to exit code, shown while it runs, reported at its end. */
export async function runRequest(request: BuildRequest, openWorld: OpenWorld, json: boolean): Promise<number> {
  const progress = openProgress(json);
  let id = "";
  const interrupt = watchInterrupts(request.deadlineMs, () => {
    progress.close();
    process.stderr.write(`recipe-ci: left at once; a throwaway node of run ${id} ends itself within 60 s, on a local Swarm: docker stack ls\n`);
  });
  process.stdout.on("error", () => interrupt.abort(new Interrupted("parent-gone", "SIGHUP", "nobody reads the output any more")));
  try {
    const build = new Build(request, progress.emit, interrupt.signal);
    id = build.id;
    build.emit({ type: "build", run: build.id, source: request.source, out: request.out });
    const results = await runBuild(build, openWorld);
    const path = saveResults(build, results);
    build.emit({ type: "verdict", verdict: results.verdict, level: results.level, results: path ?? "" });
    progress.close();
    if (!json) process.stdout.write(`\n${renderText(results, { color: useColor(), width: process.stdout.columns ?? 100, resultsPath: path })}`);
    const ending = build.findings.ending;
    return exitCodeOf(results.verdict, results.teardown.status, ending?.kind === "interrupted" ? ending.signal : null);
  } finally {
    progress.close();
    interrupt.dispose();
  }
}

function useColor(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR;
}
