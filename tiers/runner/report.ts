/** vitest's objects to plain data. */
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { SerializedError } from "vitest";
import type { TestCase, TestModule, TestRunEndReason } from "vitest/node";
import type { ModuleReport, RunReport, TestReport } from "./messages.ts";

const longest = 4000;

export function reportOf(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): RunReport {
  return { reason, modules: modules.map(moduleReport), errors: errors.map((error) => errorText(error as ErrorLike)) };
}

function moduleReport(module: TestModule): ModuleReport {
  const errors = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
  return { file: module.moduleId, state: module.state(), errors: errors.map(errorText), tests: [...module.children.allTests()].map(testReport) };
}

function testReport(test: TestCase): TestReport {
  const result = test.result();
  return {
    name: test.fullName,
    file: test.module.moduleId,
    state: result.state,
    durationMs: test.diagnostic()?.duration ?? 0,
    // A retry that passed keeps the errors before it: they are no failure.
    error: result.state === "failed" ? result.errors.map(errorText).join("\n") || "failed without an error" : null,
    note: result.state === "skipped" ? (result.note ?? null) : null,
  };
}

type ErrorLike = Partial<Pick<SerializedError, "name" | "message" | "diff" | "stacks" | "stack">>;

/** Message, difference, and where in a test or its helpers it happened. */
function errorText(error: ErrorLike): string {
  const frame = error.stacks?.[0];
  const at = frame ? `at ${relative(process.cwd(), frame.file)}:${frame.line}:${frame.column}` : (error.stack?.split("\n").find((line) => /^\s+at /.test(line))?.trim() ?? null);
  const parts: (string | null)[] = [`${error.name ?? "Error"}: ${error.message ?? "without a message"}`, typeof error.diff === "string" ? error.diff : null, at];
  return stripVTControlCharacters(parts.filter((part) => part !== null).join("\n")).slice(0, longest);
}
