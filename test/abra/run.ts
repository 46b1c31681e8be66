import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { Fatal } from "./log.ts";

/** The daemon is always the one behind this socket: DOCKER_HOST and contexts change nothing for `default`. [R] */
export const socket = "/var/run/docker.sock";

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, its output kept. */
export function capture(argv: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {}): Output {
  const [file = "", ...args] = argv;
  const result = spawnSync(file, args, {
    encoding: "utf8",
    env: options.env ?? process.env,
    maxBuffer: 64 * 1024 * 1024,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  if (result.error) throw new Fatal(`${file}: ${result.error.message}`);
  return { code: result.status ?? 1, stdout: result.stdout, stderr: result.stderr };
}

/** Runs a program with this program's own streams. */
export function attach(argv: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<number> {
  const [file = "", ...args] = argv;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(file, args, { stdio: "inherit", ...options });
  child.on("error", (error) => reject(new Fatal(`${file}: ${error.message}`)));
  child.on("exit", (code) => resolve(code ?? 1));
  return promise;
}

/** The docker client, tied to the socket, with the caller's credentials whatever HOME the app's env file sets. */
export function docker(...args: string[]): string[] {
  const config = process.env.DOCKER_CONFIG ?? join(process.env.HOME ?? "/root", ".docker");
  return [dockerPath(), "--host", `unix://${socket}`, "--config", config, ...args];
}

let found: string | undefined;
function dockerPath(): string {
  found ??= capture(["/bin/sh", "-c", "command -v docker"]).stdout.trim();
  if (!found) throw new Fatal("docker: not found on PATH");
  return found;
}

/** Refuses where abra would ask the terminal something and there is none. */
export function needTerminal(): void {
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw new Fatal("inappropriate ioctl for device");
}
