import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import { bounded } from "./bounded.ts";
import type { NodeShell, PortsOf } from "./types.ts";

/** Which TCP ports a container listens on, read from its network namespace in /proc on its node. */

/** An engine, and how the processes that it runs are seen. */
export interface Engine {
  readonly docker: Docker;
  /**
   * The tables of a process's sockets, one after the other; null where they can't be read.
   * @param pid as the engine knows it
   */
  tables(pid: number, container: string): Promise<string | null>;
}

const callMs = 5_000;
/** A node is asked for its id no more often. */
const retryMs = 5_000;

/**
 * Looks on whichever of the engines runs the container. Each call to an engine has a limit of 5 s.
 * @returns what gives the ports; it rejects with the engine's error or EngineTimeout
 */
export function portsThrough(engines: readonly Engine[]): PortsOf {
  const ids = new Map<Engine, { id: string | null; askedAt: number }>();
  const idOf = async (engine: Engine): Promise<string | null> => {
    const known = ids.get(engine);
    if (known && (known.id !== null || performance.now() - known.askedAt < retryMs)) return known.id;
    const entry = { id: null as string | null, askedAt: performance.now() };
    ids.set(engine, entry);
    const info = (await bounded("docker info", engine.docker.info(), callMs)) as { Swarm?: { NodeID?: string } };
    entry.id = info.Swarm?.NodeID || null;
    return entry.id;
  };
  return async ({ node, container }) => {
    for (const engine of engines) {
      if (node !== null && (await idOf(engine)) !== node) continue;
      return portsOn(engine, container);
    }
    return null;
  };
}

async function portsOn(engine: Engine, id: string): Promise<readonly number[] | null> {
  const container = await bounded(`docker inspect ${id}`, engine.docker.getContainer(id).inspect(), callMs);
  // On the node's own network everything that listens on the node would be taken for the container's.
  if (!container.State.Running || !container.State.Pid || container.HostConfig.NetworkMode === "host") return null;
  const tables = await engine.tables(container.State.Pid, id);
  return tables === null ? null : listeningIn(tables);
}

const readTables = 'cat "/proc/$1/net/tcp" || exit 1; cat "/proc/$1/net/tcp6" 2>/dev/null || true';

/** The engine of a throwaway node, whose processes only its own shell sees. */
export function engineOnNode(docker: Docker, shell: NodeShell): Engine {
  return {
    docker,
    async tables(pid) {
      const read = await shell.exec(["sh", "-c", readTables, "sh", String(pid)], { timeoutMs: callMs });
      return read.exitCode === 0 ? read.stdout : null;
    },
  };
}

/** The engine of this machine. A process is believed only where its control group names the container: an engine in a virtual machine numbers others. */
export function engineHere(docker: Docker): Engine {
  return {
    docker,
    async tables(pid, container) {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => null);
      if (!(await read("cgroup"))?.includes(container)) return null;
      const [v4, v6] = [await read("net/tcp"), await read("net/tcp6")];
      return v4 === null ? null : `${v4}${v6 ?? ""}`;
    },
  };
}

/** Ports in state LISTEN (0A) of /proc/net/tcp that others can reach: what listens on 127.0.0.0/8 or ::1 is the container's own. */
export function listeningIn(table: string): number[] {
  const ports = table.split("\n").flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    const [address, port] = local?.split(":") ?? [];
    return state === "0A" && address && port && !isLoopback(address) ? [Number.parseInt(port, 16)] : [];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Addresses stand there in host byte order: 127.0.0.1 is 0100007F. Some programs write it as ::ffff:127.0.0.1. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith("7F");
  return address === "00000000000000000000000001000000" || /^0{16}FFFF0000.{6}7F$/.test(address);
}
