import { infra, messageOf } from "../../base/errors.ts";
import { waitFor, WaitTimeout } from "../../base/wait.ts";
import { bounded } from "../bounded.ts";
import type { NodeShell } from "../types.ts";
import type { RunningNode } from "./start-node.ts";

const callMs = 5_000;

/**
 * Everything that a node runs ends at once, its engine too, and the engine starts again, as when a machine loses its power: node.sh does
 * it, so that address, ports and disk stay.
 * @returns when the Swarm has a leader again and the node is ready
 * @throws FindingError infra `node-restart` with what was seen last; the signal's reason
 */
export async function losePower({ container, docker }: RunningNode, shell: NodeShell, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const before = await engineOf(shell, signal);
  await bounded("docker kill --signal USR1", container.kill({ signal: "SIGUSR1" }), callMs, signal);
  const look = async () => {
    try {
      if ((await engineOf(shell, signal)) === before) return { done: false as const, saw: "its engine has not ended yet" };
      const nodes = (await bounded("docker node ls", docker.listNodes(), callMs, signal)) as { Status?: { State?: string } }[];
      const states = nodes.map(({ Status }) => Status?.State ?? "unknown");
      return states.every((state) => state === "ready") ? { done: true as const, value: undefined } : { done: false as const, saw: `it is ${states.join(", ")}` };
    } catch (error) {
      signal.throwIfAborted();
      return { done: false as const, saw: messageOf(error) };
    }
  };
  try {
    await waitFor(look, { what: "the node after its restart", timeoutMs, signal });
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    throw infra("node-restart", "the throwaway node did not come back after its restart", "look at the machine's memory and load, then run it again", [error.message], error);
  }
}

/** The number of its process: a new one at each start. */
async function engineOf(shell: NodeShell, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout } = await shell.exec(["cat", "/run/recipe-ci/engine"], { timeoutMs: callMs, signal });
  if (exitCode !== 0) throw infra("node-restart", "the throwaway node does not say which engine it runs", "run it again");
  return stdout.trim();
}
