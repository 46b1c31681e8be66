import type Docker from "dockerode";
import { mkdir, rm } from "node:fs/promises";
import { infra, messageOf } from "../base/errors.ts";
import { bounded } from "./bounded.ts";
import { inventoryOf } from "./inventory.ts";
import { hasIpvs } from "./ipvs.ts";
import { asResidue } from "./residue.ts";
import { LocalShell } from "./shell/local-shell.ts";
import { engineHere, portsThrough } from "./sockets.ts";
import type { Edge, Inventory, PortsOf, Residue, Swarm } from "./types.ts";

const callMs = 20_000;

export interface LocalOptions {
  /** The engine of the current Docker context, on this machine. */
  readonly docker: Docker;
  readonly runId: string;
  /** A folder of this run alone; made here, removed by close(). */
  readonly runDir: string;
  /** From host.json. */
  readonly edge: Edge;
  readonly signal: AbortSignal;
}

/**
 * Opens the Swarm of the current Docker context, which others use too: nothing is changed on it.
 * @throws FindingError infra: `daemon` (no answer), `no-swarm`, `no-proxy-network`
 */
export async function openLocal(o: LocalOptions): Promise<Swarm> {
  const info = await engineInfo(o);
  checkManager(info);
  await checkProxy(o);
  await mkdir(o.runDir, { recursive: true, mode: 0o700 });
  const shell = new LocalShell(o.runDir);
  const facts: Swarm["facts"] = {
    swarm: "local",
    nodes: info.Swarm?.Nodes ?? 1,
    engine: info.ServerVersion ?? "unknown",
    edge: `${o.edge.address}:${o.edge.httpsPort}`,
    privileges: null,
    ipvs: await hasIpvs(shell, o.signal),
  };
  return new LocalSwarm(o, shell, facts);
}

interface EngineInfo {
  readonly ServerVersion?: string;
  readonly Swarm?: { readonly LocalNodeState?: string; readonly ControlAvailable?: boolean; readonly Nodes?: number };
}

async function engineInfo(o: LocalOptions): Promise<EngineInfo> {
  try {
    return (await bounded("docker info", o.docker.info(), callMs, o.signal)) as EngineInfo;
  } catch (error) {
    o.signal.throwIfAborted();
    throw infra("daemon", `the engine of the current Docker context does not answer: ${messageOf(error)}`, "start it, or choose another with `docker context use`", [], error);
  }
}

function checkManager(info: EngineInfo): void {
  const state = info.Swarm?.LocalNodeState ?? "inactive";
  if (state !== "active") throw infra("no-swarm", `the engine of the current Docker context is no Swarm node (${state})`, "docker swarm init, or --swarm ephemeral");
  if (!info.Swarm?.ControlAvailable) throw infra("no-swarm", "this node of the Swarm is no manager", "run recipe-ci on a manager, or --swarm ephemeral");
}

async function checkProxy(o: LocalOptions): Promise<void> {
  const remedy = "docker network create -d overlay --attachable --subnet 10.222.0.0/16 proxy";
  const networks = await bounded("docker network ls", o.docker.listNetworks(), callMs, o.signal);
  const proxy = networks.find((network) => network.Name === "proxy");
  if (!proxy) throw infra("no-proxy-network", "this Swarm has no network named proxy, which recipes expect", remedy);
  if (proxy.Driver !== "overlay" || proxy.Scope !== "swarm") {
    throw infra("no-proxy-network", `the network proxy is ${proxy.Driver} in scope ${proxy.Scope}, not an overlay of the Swarm`, `docker network rm proxy && ${remedy}`);
  }
}

class LocalSwarm implements Swarm {
  readonly kind = "local";
  readonly docker: Docker;
  readonly shell: LocalShell;
  readonly edge: Edge;
  readonly facts: Swarm["facts"];
  readonly portsOf: PortsOf;
  readonly inside = null;

  constructor(o: LocalOptions, shell: LocalShell, facts: Swarm["facts"]) {
    this.docker = o.docker;
    this.edge = o.edge;
    this.shell = shell;
    this.facts = facts;
    this.portsOf = portsThrough([engineHere(o.docker)]);
  }

  async inventory(): Promise<Inventory> {
    return inventoryOf([this.docker]);
  }

  async close(): Promise<readonly Residue[]> {
    const { runDir } = this.shell;
    try {
      await rm(runDir, { recursive: true, force: true });
      return [];
    } catch {
      return [asResidue({ kind: "file", id: runDir, name: runDir })];
    }
  }

  /** Apps on a Swarm that stays are not tied to the build: there is nothing to prolong. */
  async keepFor(): Promise<void> {}
}
