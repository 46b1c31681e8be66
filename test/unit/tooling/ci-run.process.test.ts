import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";
import { waitFor } from "../../../harness/base/wait.ts";

/** The real .ci/run over an npm that does as it is told: per script a line of shell. */
const green: Readonly<Record<string, string>> = {
  ci: "exit 0",
  test: "echo '12 passed, 0 failed'",
  "run check": "exit 0",
  "run test:slow": "echo '3 passed, 0 failed'",
  "run test:faults:some": "echo '30 passed, 0 failed'",
  "run demo": "exit 0",
};

/** A clone and an npm for one test. */
function clone(onTestFinished: (clean: () => void) => void): string {
  const root = mkdtempSync(join(tmpdir(), "recipe-ci-run-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "clone/.ci"), { recursive: true });
  mkdirSync(join(root, "bin"));
  cpSync(join(packageRoot, ".ci/run"), join(root, "clone/.ci/run"));
  return root;
}

function start(root: string, scripts: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  const cases = Object.entries(scripts).map(([script, shell]) => `"${script}"*) ${shell} ;;`);
  writeFileSync(join(root, "bin/npm"), `#!/bin/sh\npwd >> "${root}/where"\ncase "$*" in\n${cases.join("\n")}\n*) echo "unexpected: $*"; exit 99 ;;\nesac\n`);
  chmodSync(join(root, "bin/npm"), 0o755);
  const child = spawn("bash", ["clone/.ci/run"], {
    cwd: root,
    env: { PATH: `${join(root, "bin")}:/usr/bin:/bin`, CI: "true", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 25_000,
    killSignal: "SIGKILL",
  });
  let out = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (out += chunk));
  const ended = new Promise<{ code: number | null; lines: readonly string[] }>((resolve) => {
    child.once("close", (code) => resolve({ code, lines: out.trimEnd().split("\n") }));
  });
  return { child, ended };
}

describe("the sum and the exit code", () => {
  const cases: [string, Record<string, string>, number, string][] = [
    ["all is well; parts without a count are one each", {}, 0, "48 passed, 0 failed"],
    ["a failed test", { test: "echo '11 passed, 1 failed'; exit 1" }, 1, "47 passed, 1 failed"],
    ["a part that fails without a count", { "run check": "exit 2" }, 1, "47 passed, 1 failed"],
    ["green counts and a red exit code", { test: "echo '12 passed, 0 failed'; exit 3" }, 1, "48 passed, 1 failed"],
    ["the last count of a part is the one", { test: "echo '1 passed, 5 failed'; echo '12 passed, 0 failed'" }, 0, "48 passed, 0 failed"],
    ["everything fails and everything is tried", { ci: "exit 1", test: "exit 1", "run check": "exit 1", "run test:slow": "exit 1", "run test:faults:some": "exit 1", "run demo": "exit 1" }, 1, "0 passed, 6 failed"],
    ["something that a part leaves running holds nothing up", { "run demo": "tail -f /dev/null & echo $! > ../left; exit 0" }, 0, "48 passed, 0 failed"],
  ];
  test.concurrent.for(cases)("%s", { timeout: 30_000 }, async ([, scripts, code, last], { onTestFinished }) => {
    const root = clone(onTestFinished);
    const result = await start(root, { ...green, ...scripts }).ended;
    expect(result.lines.at(-1)).toBe(last);
    expect(result.code).toBe(code);
    expect(readFileSync(join(root, "where"), "utf8")).toBe(`${join(root, "clone")}\n`.repeat(Object.keys(green).length));
    if (existsSync(join(root, "left"))) process.kill(Number(readFileSync(join(root, "left"), "utf8")));
  });
});

test("what does not end is ended, and what no time is left for is not green", { timeout: 30_000 }, async ({ onTestFinished }) => {
  const root = clone(onTestFinished);
  const result = await start(root, { ...green, test: "exec tail -f /dev/null" }, { RECIPE_CI_BUDGET: "2" }).ended;
  expect(result.lines.at(-1)).toBe("1 passed, 5 failed");
  expect(result.lines.join("\n")).toMatch(/test .*ended after [12] s\n.*check .*not run: the time was used up/);
  expect(result.code).toBe(1);
});

test("what failed is told again behind all output, by name; where nothing has one, the part's last lines", { timeout: 30_000 }, async ({ onTestFinished }) => {
  const root = clone(onTestFinished);
  const slow = String.raw`printf '\033[41m FAIL \033[49m swarm a.test.ts > it holds\nError: it does not\n'; echo '2 passed, 1 failed'; exit 1`;
  const result = await start(root, { ...green, "run check": "echo first; echo a.ts:3: no such name; exit 2", "run test:slow": slow }).ended;
  const told = result.lines.slice(result.lines.lastIndexOf("== check: what failed"));
  expect(told.slice(0, 9)).toEqual(["== check: what failed", "first", "a.ts:3: no such name", "", "== slow: what failed", " FAIL  swarm a.test.ts > it holds", "Error: it does not", "2 passed, 1 failed", ""]);
  expect(told.at(-1)).toBe("46 passed, 2 failed");
});

test("a signal ends the part that is on and is no green", { timeout: 30_000 }, async ({ onTestFinished }) => {
  const root = clone(onTestFinished);
  const { child, ended } = start(root, { ...green, test: `: > "${root}/on"; exec tail -f /dev/null` });
  await waitFor(
    async () => (existsSync(join(root, "on")) ? { done: true, value: true } : { done: false, saw: "not yet" }),
    { what: "the second part", timeoutMs: 10_000, signal: AbortSignal.timeout(15_000), intervalMs: 10 },
  );
  child.kill("SIGTERM");
  const result = await ended;
  expect(result.lines.at(-1)).toBe("1 passed, 5 failed");
  expect(result.lines.join("\n")).toContain("not run: interrupted by SIGTERM");
  expect(result.code).toBe(1);
});
