import type { NodeShell } from "./types.ts";

/**
 * Whether the node's kernel can balance a service's virtual IP. Ask after the Swarm is up: joining one loads the module.
 * @throws the shell's errors, the signal's reason
 */
export async function hasIpvs(shell: NodeShell, signal?: AbortSignal): Promise<boolean> {
  const result = await shell.exec(["test", "-e", "/proc/net/ip_vs"], { timeoutMs: 10_000, ...(signal ? { signal } : {}) });
  return result.exitCode === 0;
}
