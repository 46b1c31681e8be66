/** Gets a Docker engine onto this machine and running. */
import type Docker from "dockerode";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { command } from "../base/command.ts";
import { infra } from "../base/errors.ts";
import { runMark } from "../base/markedProcesses.ts";
import { stateDir } from "../base/paths.ts";
import { waitFor } from "../base/wait.ts";
import { answers } from "./gather.ts";

/** Where the output of an engine goes that this program started. */
export function dockerdLog(): string {
  return join(stateDir(), "dockerd.log");
}

const adminPath = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** @throws infra `packages` with apt's last words */
export async function installPackages(packages: readonly string[], log: (line: string) => void, signal: AbortSignal): Promise<void> {
  const apt = (args: readonly string[]) =>
    command(["apt-get", "-o", "DPkg::Lock::Timeout=120", ...args], { env: { DEBIAN_FRONTEND: "noninteractive", PATH: adminPath, [runMark]: "" }, timeoutMs: 600_000, signal });
  log(`installing ${packages.join(", ")}`);
  const update = await apt(["update"]);
  const install = await apt(["install", "--yes", "--no-install-recommends", ...packages]);
  if (install.exitCode === 0) return;
  const words = [update, install].flatMap((result) => (result.exitCode === 0 ? [] : result.stderr.split("\n").slice(-8)));
  throw infra("packages", `apt-get could not install ${packages.join(", ")}`, "run the same apt-get install by hand and see what it says", words);
}

/**
 * Starts the engine: through systemd where it runs this machine, else by itself, in a session of its own.
 * @returns a line for the banner
 * @throws infra `engine-start` with the log's last lines
 */
export async function startEngine(docker: Docker, signal: AbortSignal): Promise<string> {
  // Installing the package may have started it.
  if (await answers(docker, signal)) return "a Docker engine was installed; it stays running";
  return existsSync("/run/systemd/system") ? startWithSystemd(docker, signal) : startDetached(docker, signal);
}

async function startWithSystemd(docker: Docker, signal: AbortSignal): Promise<string> {
  const started = await command(["systemctl", "start", "docker"], { timeoutMs: 120_000, signal });
  if (started.exitCode !== 0) throw startFailed("systemctl start docker failed", started.stderr.split("\n").slice(-8), "journalctl -u docker");
  await untilAnswering(docker, () => null, signal);
  return "started a Docker engine (systemctl start docker); it stays running";
}

async function startDetached(docker: Docker, signal: AbortSignal): Promise<string> {
  const path = dockerdLog();
  await mkdir(dirname(path), { recursive: true });
  const logFile = await open(path, "a");
  try {
    const child = spawn("dockerd", [], { cwd: "/", detached: true, stdio: ["ignore", logFile.fd, logFile.fd], env: { ...process.env, PATH: adminPath, [runMark]: "" } });
    let ended: string | null = null;
    child.once("error", (error) => (ended = error.message));
    child.once("exit", (code, by) => (ended = `dockerd ended with ${code ?? by}`));
    child.unref();
    await untilAnswering(docker, () => ended, signal);
    return `started a Docker engine; it stays running (pid ${child.pid}, log ${path})`;
  } finally {
    await logFile.close();
  }
}

async function untilAnswering(docker: Docker, ended: () => string | null, signal: AbortSignal): Promise<void> {
  await waitFor(
    async () => {
      if (await answers(docker, signal)) return { done: true, value: true };
      const end = ended();
      if (end === null) return { done: false, saw: "no answer on its socket" };
      throw startFailed(end, await lastLines(dockerdLog()), dockerdLog());
    },
    { what: "the Docker engine", timeoutMs: 60_000, signal },
  );
}

async function lastLines(path: string): Promise<string[]> {
  return (await readFile(path, "utf8")).trimEnd().split("\n").slice(-10);
}

function startFailed(what: string, evidence: readonly string[], where: string) {
  return infra("engine-start", `the Docker engine did not start: ${what}`, `read ${where}`, evidence);
}
