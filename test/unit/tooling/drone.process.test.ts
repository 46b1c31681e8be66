import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { packageRoot } from "../../../harness/base/paths.ts";
import { waitFor } from "../../../harness/base/wait.ts";

const pipelineSchema = z.object({ name: z.string(), steps: z.array(z.object({ commands: z.array(z.string()) })) });
const source = readFileSync(join(packageRoot, ".drone.yml"), "utf8");
const pipelines = parseAllDocuments(source).map((document) => pipelineSchema.parse(document.toJS()));
const steps = pipelines.find((pipeline) => pipeline.name === "recipe")?.steps ?? [];

/** Plays recipe-ci: writes down how it was called, exits or waits for signals as FAKE says. */
const fake = `#!${process.execPath}
const fs = require("node:fs");
const { RECIPE, REF, PR, SRC, STAGES, EXTRA_TESTS } = process.env;
const out = process.argv[process.argv.indexOf("--out") + 1];
fs.mkdirSync(out, { recursive: true });
const note = (text) => fs.appendFileSync(out + "/signals", text + "\\n");
fs.writeFileSync(out + "/called.json", JSON.stringify({ args: process.argv.slice(2), pid: process.pid, env: { RECIPE, REF, PR, SRC, STAGES, EXTRA_TESTS } }));
const [what, code] = process.env.FAKE.split(" ");
if (what === "exit") process.exit(Number(code));
if (what === "die") process.kill(process.pid, "SIGKILL");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {
  note(signal);
  // Teardown takes a moment, and only its end gives the exit code.
  setTimeout(() => { note("torn down"); process.exit(Number(code)); }, 300);
});
setInterval(() => {}, 1000);
fs.writeFileSync(out + "/ready", "");
`;

let root: string;
let out: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "recipe-ci-drone-"));
  out = join(root, "artifacts/7");
  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin/recipe-ci"), fake);
  chmodSync(join(root, "bin/recipe-ci"), 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Step { readonly child: ChildProcess; readonly ended: Promise<{ code: number | null; out: string }> }

/** Runs the step as the exec runner does: all commands as one script of `sh -e`. */
function start(how: string, env: Record<string, string> = {}): Step {
  const script = join(root, "step");
  writeFileSync(script, ["set -e", ...steps.flatMap((step) => step.commands)].join("\n"));
  const child = spawn("/bin/sh", ["-e", script], {
    cwd: root,
    env: { PATH: `${join(root, "bin")}:/usr/bin:/bin`, ARTIFACTS: join(root, "artifacts"), DRONE_BUILD_NUMBER: "7", FAKE: how, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, out: text }))) };
}

function appears(file: string): Promise<true> {
  return waitFor(
    async () => (existsSync(join(out, file)) ? { done: true, value: true } : { done: false, saw: "no such file" }),
    { what: file, timeoutMs: 10_000, signal: AbortSignal.timeout(15_000), intervalMs: 10 },
  );
}

const signals = () => readFileSync(join(out, "signals"), "utf8").trim().split("\n");
const called = () => JSON.parse(readFileSync(join(out, "called.json"), "utf8")) as { args: string[]; pid: number; env: unknown };

test("it is one step, and nothing in it is Drone's to replace", () => {
  expect(steps.map((step) => step.commands.length)).toEqual([1]);
  expect(steps[0]?.commands[0]).not.toMatch(/\$[${]/);
});

test("the environment's names and the artifacts' place reach recipe-ci", async () => {
  const env = { RECIPE: "wordpress", REF: "main", PR: "12", SRC: "https://example.org/coop", STAGES: "install", EXTRA_TESTS: "1" };
  const { code, out: text } = await start("exit 0", env).ended;
  expect(code).toBe(0);
  expect(called()).toMatchObject({ args: ["run", "--out", out], env });
  expect(text).toContain(`artifacts: ${out}`);
});

test.each([0, 1, 2, 3, 4, 5, 124, 127, 130, 143])("exit code %i is kept, and so are the artifacts", async (code) => {
  expect((await start(`exit ${code}`).ended).code).toBe(code);
  expect(existsSync(join(out, "called.json"))).toBe(true);
});

test("a build that was killed is no success", async () => {
  expect((await start("die").ended).code).toBe(137);
});

describe("what comes from outside reaches the build once, and its teardown is waited for", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s", async (signal) => {
    const step = start("wait 5");
    await appears("ready");
    step.child.kill(signal);
    expect((await step.ended).code).toBe(5);
    expect(signals()).toEqual([signal, "torn down"]);
  });

  test("a signal for the step's whole group", async () => {
    const step = start("wait 143");
    await appears("ready");
    process.kill(-(step.child.pid ?? 0), "SIGTERM");
    expect((await step.ended).code).toBe(143);
    expect(signals()).toEqual(["SIGTERM", "torn down"]);
  });

  test("the runner's SIGKILL for the shell: the build tears down all the same", async () => {
    const step = start("wait 143");
    await appears("ready");
    step.child.kill("SIGKILL");
    await appears("signals");
    await step.ended;
    expect(signals()).toEqual(["SIGTERM", "torn down"]);
  });
});

test("incident 19: a signal that comes when the build has just ended changes nothing: a green stays one", async () => {
  // The first program that the step's shell waits for lets the build end, so that it is reaped, and then signals the shell.
  const sh = join(root, "bin/sh");
  writeFileSync(sh, `#!/bin/sh
    rm "$0"
    until pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/' "${join(out, "called.json")}" 2>/dev/null) && ! grep -q "^State:.[^Z]" "/proc/$pid/status" 2>/dev/null; do :; done
    kill -TERM "$PPID"
    exec /bin/sh "$@"
  `);
  chmodSync(sh, 0o755);
  const { code, out: text } = await start("exit 0").ended;
  expect(code).toBe(0);
  expect(text).toContain(`artifacts: ${out}`);
});

/** Empty for a process that ended meanwhile. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

test.each(["exit 0", "wait 0"])("after the step nothing of it runs on: %s", async (how) => {
  const step = start(how);
  await appears(how === "exit 0" ? "called.json" : "ready");
  step.child.kill("SIGTERM");
  await step.ended;
  // Left alone the guard would end 200 ms later: it must have been killed.
  await waitFor(
    async () => {
      const guards = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(`--pid=${step.child.pid}\0`));
      return guards.length === 0 ? { done: true, value: true } : { done: false, saw: guards.join(" ") };
    },
    { what: "the guard's end", timeoutMs: 100, signal: AbortSignal.timeout(5000), intervalMs: 5 },
  );
  const { pid } = called();
  for (const one of [pid, -pid]) expect(() => process.kill(one, 0)).toThrow("ESRCH");
});
