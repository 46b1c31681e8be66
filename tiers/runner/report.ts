/** vitest's objects to plain data. */
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { SerializedError } from "vitest";
import type { TestCase, TestModule, TestRunEndReason } from "vitest/node";
import { missingTool } from "../app/missing.ts";
import type { FileRequest, ModuleReport, RunReport, TestReport } from "./messages.ts";
import { isOfAnotherTier } from "./tags.ts";

const longest = 4000;

export function reportOf(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason, asked: readonly FileRequest[]): RunReport {
  const tagsOf = (module: TestModule) => asked.find(({ path }) => path === module.moduleId)?.tags ?? null;
  return { reason, modules: modules.map((module) => moduleReport(module, tagsOf(module))), errors: errors.map((error) => errorText(error as ErrorLike)) };
}

function moduleReport(module: TestModule, tags: readonly string[] | null): ModuleReport {
  const errors = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())].filter((error) => !isMissing(error));
  const all = [...module.children.allTests()];
  const own = all.filter((test) => !isOfAnotherTier(tags, test.tags));
  return { file: module.moduleId, state: module.state(), errors: errors.map(errorText), tests: own.map(testReport), leftOut: all.length - own.length };
}

function testReport(test: TestCase): TestReport {
  const result = test.result();
  const missing = result.state === "failed" ? result.errors.find(isMissing) : undefined;
  return {
    name: test.fullName,
    file: test.module.moduleId,
    // What the machine lacks is nobody's failure, and no proof.
    state: missing ? "skipped" : result.state,
    durationMs: test.diagnostic()?.duration ?? 0,
    // A retry that passed keeps the errors before it: they are no failure.
    error: result.state === "failed" && !missing ? result.errors.map(errorText).join("\n") || "failed without an error" : null,
    note: missing ? (missing.message ?? null) : result.state === "skipped" ? (result.note ?? null) : null,
  };
}

function isMissing(error: ErrorLike): boolean {
  return error.name === missingTool;
}

type ErrorLike = Partial<Pick<SerializedError, "name" | "message" | "diff" | "stacks" | "stack">>;

/** Message, difference, and where in a test or its helpers it happened. */
function errorText(error: ErrorLike): string {
  const frame = error.stacks?.[0];
  const at = frame ? `at ${relative(process.cwd(), frame.file)}:${frame.line}:${frame.column}` : (error.stack?.split("\n").find((line) => /^\s+at /.test(line))?.trim() ?? null);
  const parts: (string | null)[] = [`${error.name ?? "Error"}: ${error.message ?? "without a message"}`, typeof error.diff === "string" ? error.diff : null, at];
  return stripVTControlCharacters(parts.filter((part) => part !== null).join("\n")).slice(0, longest);
}
