/** The process that runs vitest for one build: made once, then one run a tier. Started by runner.ts, in a process group of its own. */
import { rmSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { Reporter, Vitest } from "vitest/node";
import { createVitest } from "vitest/node";
import { messageOf } from "../../harness/base/errors.ts";
import { vitestOptions } from "./config.ts";
import type { FromChild, RunReport, RunRequest, ToChild } from "./messages.ts";
import { reportOf } from "./report.ts";

let report: RunReport | null = null;
let asked: RunRequest | null = null;

function tell(message: FromChild): void {
  // The channel may close while a test still ends; there is nobody left to tell then.
  if (process.connected) process.send?.(message, () => {});
}

/** Only what vitest says of the run that just ended: `vitest.state` holds the earlier ones too. */
const reporter: Reporter = {
  onUserConsoleLog: (log) => {
    for (const line of stripVTControlCharacters(log.content).trimEnd().split("\n")) tell({ type: "log", line });
  },
  onTestRunEnd: (modules, errors, reason) => {
    report = reportOf(modules, errors, reason, asked?.files ?? []);
  },
};

async function runTier(vitest: Vitest, request: RunRequest): Promise<void> {
  report = null;
  asked = request;
  const project = vitest.getRootProject();
  project.provide("recipe-ci", request.provided);
  await vitest.runTestSpecifications(request.files.map(({ path, tags }) => project.createSpecification(path, tags ? { testTagsFilter: tags } : {})));
  tell(report ? { type: "report", run: request.run, report } : { type: "broken", run: request.run, message: "vitest ended without a report" });
}

const dir = process.env.RECIPE_CI_RUNNER_DIR;
if (!dir) throw new Error("RECIPE_CI_RUNNER_DIR is not set: this is started by runner.ts");

// A build that died leaves nothing: neither the group, which is this process and vitest's workers, nor their files.
process.on("disconnect", () => {
  rmSync(dir, { recursive: true, force: true });
  process.kill(-process.pid, "SIGKILL");
});

const vitest = await createVitest(...vitestOptions(reporter, dir));
process.on("message", (message: ToChild) => {
  if (message.type === "cancel") void vitest.cancelCurrentRun("keyboard-input");
  else runTier(vitest, message).catch((error: unknown) => tell({ type: "broken", run: message.run, message: messageOf(error) }));
});
tell({ type: "ready" });
