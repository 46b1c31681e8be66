/** Functions of abra.sh, and single commands, inside a service's container. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tasks } from "./engine.ts";
import type { Env } from "./env.ts";
import { Fatal } from "./log.ts";
import type { App } from "./place.ts";
import { attach, capture, docker, needTerminal } from "./run.ts";

/** The id of a running container of the service on this node. @throws Fatal where there is none */
export async function containerOf(app: App, service: string): Promise<string> {
  const all = await tasks({ label: [`com.docker.stack.namespace=${app.stack}`], service: [`${app.stack}_${service}`], "desired-state": ["running"] })
    .catch((error: Error) => {
      throw /not found/.test(error.message) ? new Fatal(`no service ${service} in ${app.domain}`) : error;
    });
  const id = all.find((task) => task.Status.State === "running")?.Status.ContainerStatus?.ContainerID;
  if (!id) throw new Fatal(`no container of ${app.stack}_${service} is running`);
  return id;
}

export interface RemoteCall {
  readonly app: App;
  readonly dir: string;
  readonly env: Env;
  readonly service: string;
  readonly name: string;
  readonly words: readonly string[];
  readonly terminal: boolean;
}

/** @throws Fatal where abra.sh is missing or has no such function */
export function needFunction(dir: string, name: string): string {
  const script = join(dir, "abra.sh");
  if (!existsSync(script)) throw new Fatal(`${script} does not exist`);
  const found = [...readFileSync(script, "utf8").matchAll(/^(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)/gm)].some(([, fn]) => fn === name);
  if (!found) throw new Fatal(`${script} has no function ${name}`);
  return script;
}

/** Copies abra.sh into the container and calls the function there. @returns its exit code */
export async function runRemote(call: RemoteCall): Promise<number> {
  const script = needFunction(call.dir, call.name);
  if (call.terminal) needTerminal();
  const container = await containerOf(call.app, call.service);
  const copied = capture(docker("cp", script, `${container}:/tmp/abra.sh`));
  if (copied.code !== 0) throw new Fatal(copied.stderr.trim());
  const shell = capture(docker("exec", container, "bash", "-c", "true")).code === 0 ? "bash" : "sh";
  const line = `TARGET=${quote(call.service)}; STACK_NAME=${quote(call.app.stack)}; . /tmp/abra.sh; ${call.name} ${call.words.map(quote).join(" ")}`;
  return attach(docker("exec", ...(call.terminal ? ["-it"] : ["-i"]), container, shell, "-c", line));
}

/** Calls the function on this machine, with the app's env. @returns its exit code */
export function runLocal(app: App, dir: string, env: Env, name: string, words: readonly string[]): Promise<number> {
  const script = needFunction(dir, name);
  const line = `APP_NAME=${quote(app.domain)}; . ${quote(script)}; ${name} ${words.map(quote).join(" ")}`;
  return attach(["bash", "-c", line], { env: { ...process.env, ...env }, cwd: dir });
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
