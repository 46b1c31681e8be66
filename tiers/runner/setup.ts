/**
 * Runs in the worker before each test file. vitest tells about tests in batches, and a test that never gives way keeps its batch:
 * these lines are written at once, so that the build knows what was running when it ended a tier.
 */
import { appendFileSync } from "node:fs";
import { beforeEach, inject } from "vitest";
import { declaredSkip } from "../skips.ts";
import type { TraceLine } from "./trace.ts";

const { tracePath, context } = inject("recipe-ci");

function trace(line: TraceLine): void {
  appendFileSync(tracePath, `${JSON.stringify(line)}\n`);
}

beforeEach(({ task, onTestFinished, skip }) => {
  const test = { file: task.file.filepath, name: fullName(task) };
  const why = declaredSkip(context.skip, test);
  if (why !== null) skip(why);
  trace({ ...test, state: "began", durationMs: 0, error: null });
  onTestFinished(() => {
    const { state, duration, errors } = task.result ?? {};
    const failed = state === "fail";
    trace({ ...test, state: failed ? "failed" : "passed", durationMs: duration ?? 0, error: failed ? (errors?.[0]?.message ?? "failed") : null });
  });
});

interface Named {
  readonly name: string;
  readonly suite?: Named | undefined;
}

/** As vitest's reporters name a test: the suites around it first. */
function fullName(task: Named): string {
  return task.suite ? `${fullName(task.suite)} > ${task.name}` : task.name;
}
