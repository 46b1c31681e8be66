import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, killGroup, splitLines } from "../../../harness/base/command.ts";
import { packageRoot } from "../../../harness/base/paths.ts";
import type { BuildEvent } from "../../../harness/build/events.ts";
import { connect, currentEndpoint } from "../../../harness/machine/endpoint.ts";
import { type Results, resultsSchema } from "../../../reports/results.ts";
import { materialise } from "../../recipes/build.ts";
import { type HostWatch, watchHost } from "./host-watch.ts";

/** What one process of recipe-ci came to. */
export interface Outcome {
  /** Its exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Told every event of a run with `--json`. */
  readonly onEvent?: (event: BuildEvent, child: ChildProcess) => void;
  readonly timeoutMs?: number;
}

export const standIn = join(packageRoot, "test/abra/abra");

/** What a build here is given: the stand-in, and leave to install what the machine lacks, or not. */
export const buildFlags = (install: boolean): readonly string[] => ["--abra", standIn, ...(install ? ["--install"] : [])];

/** The same where whoever started the tests said so in the environment. */
export const usualFlags = buildFlags(process.env.RECIPE_CI_INSTALL === "1");

/** A folder for runs of `bin/recipe-ci`: their state, their temporary files, their results and the recipes they test. */
export class Lab {
  readonly dir: string;
  readonly host: HostWatch;
  readonly #running = new Set<number>();

  private constructor(dir: string, host: HostWatch) {
    this.dir = dir;
    this.host = host;
    for (const folder of ["state", "tmp", "recipes"]) mkdirSync(join(dir, folder));
  }

  static async open(): Promise<Lab> {
    // Short: a Unix socket's path has room for 107 bytes.
    return new Lab(await mkdtemp(join(tmpdir(), "rct-")), await watchHost(connect(currentEndpoint())));
  }

  /** Ends what still runs and removes the folder. */
  async close(): Promise<void> {
    for (const pid of this.#running) killGroup(pid);
    this.host.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  /** The fixture as a git repo of its own in this lab. */
  async recipe(fixture: string, folder = "recipes"): Promise<string> {
    return materialise(fixture, this.path(folder));
  }

  /** Starts `bin/recipe-ci` with this lab's state and temporary folder. */
  start(args: readonly string[], { env = {}, cwd = this.dir, onEvent, timeoutMs = 240_000 }: StartOptions = {}): Started {
    const started = performance.now();
    const child = spawn(join(packageRoot, "bin/recipe-ci"), args, { cwd, env: { ...this.environment(), ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const pid = child.pid ?? 0;
    this.#running.add(pid);
    const timer = setTimeout(() => killGroup(pid), timeoutMs);
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    if (onEvent) child.stdout.on("data", splitLines((line) => onEvent(JSON.parse(line) as BuildEvent, child)));
    const ended = new Promise<Outcome>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        clearTimeout(timer);
        this.#running.delete(pid);
        resolve({ code: code ?? signal, stdout, stderr, durationMs: performance.now() - started });
      });
    });
    return { process: child, ended };
  }

  recipeCi(args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
    return this.start(args, options).ended;
  }

  /** `recipe-ci run` with the usual flags, its results in the folder `out` of this lab. */
  run(args: readonly string[], options: StartOptions & { out?: string } = {}): Promise<Outcome> {
    return this.recipeCi(["run", ...args, ...usualFlags, "--out", this.path(options.out ?? "out")], options);
  }

  /** The results of a run, which must fit their schema. */
  results(out = "out"): Results {
    return resultsSchema.parse(JSON.parse(readFileSync(this.path(out, "results.json"), "utf8")));
  }

  hasResults(out = "out"): boolean {
    return existsSync(this.path(out, "results.json"));
  }

  /** What runs have left in this lab's state and temporary folder: nothing, unless one is kept; their history and what they know of images is to stay. */
  async leftovers(): Promise<string[]> {
    const inFolder = async (folder: string) => (await readdir(this.path(folder), { recursive: true }).catch(() => [])).map((name) => join(folder, name));
    const empty = new Set([join("state", "runs"), join("state", "kept")]);
    return (await Promise.all([inFolder("state"), inFolder("tmp")])).flat().filter((path) => !empty.has(path) && !/^state\/(history|images)(\/|$)/.test(path));
  }

  environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      RECIPE: undefined, REF: undefined, PR: undefined, SRC: undefined, STAGES: undefined, EXTRA_TESTS: undefined, RECIPE_CI_ABRA: undefined,
      RECIPE_CI_STATE: this.path("state"),
      TMPDIR: this.path("tmp"),
      NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"),
      NO_COLOR: "1",
    };
  }
}

/** git for the tests' own repos, without anybody's configuration. @throws Error with what git said */
export async function git(cwd: string, ...argv: string[]): Promise<string> {
  const who = { NAME: "A Maintainer", EMAIL: "maintainer@example.com" };
  const env = Object.fromEntries(Object.entries(who).flatMap(([key, value]) => [[`GIT_AUTHOR_${key}`, value], [`GIT_COMMITTER_${key}`, value]]));
  const result = await command(["git", ...argv], { cwd, timeoutMs: 30_000, env: { ...env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" } });
  if (result.exitCode !== 0) throw new Error(`git ${argv.join(" ")} in ${cwd}: ${result.stderr}`);
  return result.stdout.trim();
}
