import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { packageRoot } from "../../harness/base/paths.ts";
import { killGroup } from "../../harness/base/command.ts";
import type { SuiteCounts } from "./tally.ts";

export interface SuiteOptions {
  /** The vitest project to run. */
  readonly project: string;
  /** Where vitest.config.ts is. */
  readonly root?: string;
  /** More arguments for vitest: file names, `-t` and the like. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Hard limit, milliseconds; the whole process group is killed then. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface SuiteOutcome {
  /** Null where vitest ended before its reporter could write. */
  readonly counts: SuiteCounts | null;
  readonly exitCode: number;
}

/** Runs one vitest project as a process group of its own, its output on ours. Never throws for what the tests do. */
export async function runSuite(options: SuiteOptions): Promise<SuiteOutcome> {
  const dir = mkdtempSync(join(tmpdir(), "recipe-ci-test-"));
  const countsFile = join(dir, "counts.json");
  const vitest = join(packageRoot, "node_modules/vitest/vitest.mjs");
  const reporter = join(import.meta.dirname, "reporter.ts");
  const argv = ["run", "--project", options.project, "--reporter=default", `--reporter=${reporter}`, ...(options.args ?? [])];
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      const child = spawn(process.execPath, [vitest, ...argv], {
        cwd: options.root ?? packageRoot,
        env: { ...process.env, ...options.env, RECIPE_CI_TEST_COUNTS: countsFile },
        stdio: ["ignore", "inherit", "inherit"],
        detached: true,
      });
      const kill = () => killGroup(child.pid);
      const interrupt = () => {
        killGroup(child.pid, "SIGINT");
        setTimeout(kill, 30_000).unref();
      };
      const timer = setTimeout(kill, options.timeoutMs);
      options.signal.addEventListener("abort", interrupt, { once: true });
      child.once("error", reject);
      child.once("close", (code) => {
        clearTimeout(timer);
        options.signal.removeEventListener("abort", interrupt);
        resolve(code ?? 137);
      });
    });
    return { counts: read(countsFile), exitCode };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function read(file: string): SuiteCounts | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as SuiteCounts;
  } catch {
    return null;
  }
}
