import { type Seen } from "../../base/wait.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { App } from "../app/appState.ts";
import { blind, containerHere } from "./containers.ts";
import { afterConnect, type Connect, noStreak, streakInWords } from "./streak.ts";

/** The network by which a node reaches the containers of its overlay networks. */
const nodeNetwork = "docker_gwbridge";

/** A container that ends at that moment has no address either; one that runs and has none at so many looks in a row will get none. */
const blindAfter = 3;

/** bash connects by itself; a node without it has busybox. */
const connect = 'if command -v bash >/dev/null; then exec timeout 3 bash -c \'exec 3<>"/dev/tcp/$1/$2"\' bash "$1" "$2"; else exec nc -z -w 3 "$1" "$2"; fi';

/**
 * Looks once at a port of a service, from the node that runs it: as every other container would reach it, published or not, and
 * by the container's own address. Its name could lead to another stack's service on a shared network.
 * @throws FindingError (harness-limit, probe-blind) where nobody can look
 * @returns a look that keeps count: done after `connects` in a row
 */
export function tcpLook(swarm: Swarm, app: Pick<App, "stack">, probe: { readonly service: string; readonly port: number; readonly connects: number }): (signal: AbortSignal) => Promise<Seen<void>> {
  let streak = noStreak;
  let unseen = 0;
  return async (signal) => {
    const seen = await connected(swarm, app, probe, signal);
    unseen = "address" in seen ? unseen + 1 : 0;
    if (unseen >= blindAfter) throw blind(probe.service, `${probe.service} has no address on ${nodeNetwork}: its networks are all internal, and the node can't reach it`);
    streak = afterConnect(streak, seen);
    return streak.connects >= probe.connects ? { done: true, value: undefined } : { done: false, saw: streakInWords(streak, probe.connects) };
  };
}

async function connected(swarm: Swarm, app: Pick<App, "stack">, { service, port }: { readonly service: string; readonly port: number }, signal: AbortSignal): Promise<Connect & { readonly address?: null }> {
  const container = await containerHere(swarm, app.stack, service);
  if (container === null) return { ok: false, saw: "no task of it runs" };
  const address = await addressOf(swarm, container);
  if (address === null) return { ok: false, saw: "its container has no address", address };
  const { exitCode, stderr } = await swarm.shell.exec(["sh", "-c", connect, "sh", address, String(port)], { timeoutMs: 10_000, signal });
  return exitCode === 0 ? { ok: true, container } : { ok: false, saw: /refused/i.test(stderr) ? "connection refused" : "no connection" };
}

async function addressOf(swarm: Swarm, container: string): Promise<string | null> {
  const network = (await swarm.docker.getNetwork(nodeNetwork).inspect()) as { Containers?: Record<string, { IPv4Address?: string }> };
  return network.Containers?.[container]?.IPv4Address?.split("/")[0] ?? null;
}
