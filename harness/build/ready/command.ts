import type { Seen } from "../../base/wait.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { App } from "../app/appState.ts";
import { containerHere } from "./containers.ts";

/** One try of a program in a service's container may take this long, milliseconds. */
const tryMs = 30_000;

/** Looks once whether a program in the service's newest running container ends with 0. @throws FindingError (harness-limit, probe-blind) */
export async function commandLook(swarm: Swarm, app: Pick<App, "stack">, { service, command }: { readonly service: string; readonly command: readonly string[] }, signal: AbortSignal): Promise<Seen<void>> {
  const container = await containerHere(swarm, app.stack, service);
  if (container === null) return { done: false, saw: `no task of ${service} runs` };
  const { exitCode, stdout, stderr, timedOut } = await swarm.shell.exec(["docker", "exec", container, ...command], { timeoutMs: tryMs, signal });
  if (timedOut) return { done: false, saw: `not done after ${tryMs / 1000} s` };
  return exitCode === 0 ? { done: true, value: undefined } : { done: false, saw: `exit code ${exitCode}${lastLine(stderr) || lastLine(stdout)}` };
}

function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1)?.trim().slice(0, 200) ?? "";
  return line === "" ? "" : `: ${line}`;
}
