import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestRunEndReason } from "vitest/node";
import type { SuiteCounts } from "./tally.ts";

/** Writes the suite's counts to the file that the environment's `RECIPE_CI_TEST_COUNTS` names. */
export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    const file = process.env.RECIPE_CI_TEST_COUNTS;
    if (file) writeFileSync(file, JSON.stringify(count(modules, unhandled, reason)));
  }
}

function count(
  modules: readonly TestModule[],
  unhandled: readonly SerializedError[],
  reason: TestRunEndReason,
): SuiteCounts {
  let passed = 0;
  let failed = 0;
  const skipped: string[] = [];
  const errors = unhandled.map((error) => `error outside of any test: ${error.message}`);
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const state = test.result().state;
      if (state === "passed") passed += 1;
      else if (state === "failed") failed += 1;
      else skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
    }
    const broken = [module, ...module.children.allSuites()].flatMap((part) => part.errors());
    errors.push(...broken.map((error) => `${module.relativeModuleId}: ${error.message}`));
  }
  return { passed, failed, skipped, errors, complete: reason !== "interrupted" };
}
