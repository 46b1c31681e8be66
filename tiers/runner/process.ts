import { type ChildProcess, fork } from "node:child_process";
import { join, sep } from "node:path";
import { killGroup, splitLines } from "../../harness/base/command.ts";
import { chromiumVariable } from "../../harness/base/chromium.ts";
import { infra } from "../../harness/base/errors.ts";
import { packageRoot } from "../../harness/base/paths.ts";
import { orAbort } from "../../harness/base/wait.ts";
import type { FromChild, ToChild } from "./messages.ts";

/** How the process ended, in words: `exit code 1`, `SIGKILL`. */
export type Ended = string;

const startTimeoutMs = 30_000;

/** The child process, its group and its channel. */
export class RunnerProcess {
  readonly ended: Promise<Ended>;
  onMessage: (message: FromChild) => void = () => {};
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;

  /** @param dir a folder of this runner alone, for vite's and the tests' temporary files */
  constructor(log: (line: string) => void, dir: string) {
    this.#child = fork(join(import.meta.dirname, "child.ts"), [], {
      cwd: packageRoot,
      detached: true,
      serialization: "advanced",
      // vitest keeps a token of its own in the user's data folder otherwise.
      // Temporary files of tests and of their browsers end with them, however they end.
      env: { ...childEnv(), TMPDIR: dir, XDG_DATA_HOME: dir, RECIPE_CI_RUNNER_DIR: dir },
      execArgv: loader(),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child.stdout?.on("data", splitLines(log));
    this.#child.stderr?.on("data", splitLines(log));
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.#ready = new Promise((resolve) => {
      this.#child.on("message", (message: FromChild) => {
        if (message.type === "ready") resolve();
        else if (message.type === "log") log(message.line);
        else this.onMessage(message);
      });
    });
  }

  /** @throws infra where vitest is not ready within 30 s or ends; the signal's reason */
  async ready(signal: AbortSignal): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => resolve("not ready after 30 s"), startTimeoutMs);
    try {
      const how = await orAbort(Promise.race([this.#ready.then(() => null), this.ended, late]), signal);
      if (how !== null) throw infra("test-runner", `the test runner did not start: ${how}`, "see the log; npm ci repairs an incomplete install");
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A message to a process that is gone is dropped: `ended` says so. */
  send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Ends the whole group at once. */
  async kill(): Promise<void> {
    killGroup(this.#child.pid);
    await this.ended;
    // What the group's leader left behind when it had already ended by itself.
    killGroup(this.#child.pid);
  }
}

/** Tests see no variable of the build's own: tokens and vitest's or npm's settings stay outside. */
function childEnv(): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "USER", "TMPDIR", "LANG", "LC_ALL", "TZ", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", chromiumVariable, "PLAYWRIGHT_BROWSERS_PATH"];
  const env = Object.fromEntries(kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  return { ...env, NO_COLOR: "1", NODE_ENV: "test" };
}

/** Node reads TypeScript itself, except below a node_modules folder. */
function loader(): string[] {
  return packageRoot.split(sep).includes("node_modules") ? ["--import", import.meta.resolve("tsx")] : [];
}
