import type Docker from "dockerode";
import { bounded } from "../bounded.ts";
import { edgeCertificate } from "../certificates.ts";
import { baseDomain, caConfig, deployEdge, edgeAnswers, edgeCa, type EdgeImage } from "../edge.ts";
import { hasIpvs } from "../ipvs.ts";
import { ContainerShell } from "../shell/container-shell.ts";
import type { Edge, Swarm } from "../types.ts";
import { formSwarm } from "./cluster.ts";
import { nodeLabel, runLabel, type NodeSpec } from "./container.ts";
import { edgeProgram, inNode, programImage } from "./edge-program.ts";
import type { Started } from "./guest.ts";
import { startHeartbeat, type Heartbeat } from "./heartbeat.ts";
import { bringImage } from "./image.ts";
import { removeRun, sweepNeverStarted } from "./remove.ts";
import { describeNode, startNode, type RunningNode } from "./start-node.ts";
import { type Throwaway, ThrowawaySwarm } from "./throwaway.ts";

export type { Throwaway } from "./throwaway.ts";

export interface ThrowawayOptions {
  /** The engine that carries the nodes. */
  readonly host: Docker;
  readonly nodeImage: string;
  readonly edgeImage: string;
  /** Names everything: containers are `recipe-ci-<runId>-node<n>`. */
  readonly runId: string;
  /** Paths of the engine's machine, seen read-only in each node. */
  readonly mounts?: readonly { readonly source: string; readonly target: string }[];
  readonly dockerdArgs?: readonly string[];
  /** For dockerd: HTTPS_PROXY and the like. */
  readonly env?: Readonly<Record<string, string>>;
  /** Put into each node before its engine starts. */
  readonly files?: readonly { readonly path: string; readonly content: string }[];
  /** Of each node, see NodeSpec. */
  readonly processes?: number | null;
  /** 1 by default; the first is the manager. */
  readonly nodes?: number;
  /** false: resolves as soon as the Swarm is up; `edgeReady` tells about the edge. */
  readonly waitForEdge?: boolean;
  readonly log?: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Starts the nodes, makes them a Swarm with a `proxy` network, and deploys the edge. Nothing is left where it fails or is interrupted.
 * @throws FindingError infra `node-start`, `edge`, `edge-image`; the signal's reason
 */
export async function startThrowaway(o: ThrowawayOptions): Promise<Throwaway> {
  const log = o.log ?? (() => {});
  const abandon = new AbortController();
  const signal = AbortSignal.any([o.signal, abandon.signal]);
  const beats: Heartbeat[] = [];
  try {
    void sweepNeverStarted(o.host, log);
    const [program, certificate] = await Promise.all([edgeProgram(o.host, o.edgeImage, o.runId, signal), edgeCertificate(baseDomain)]);
    const specs = Array.from({ length: o.nodes ?? 1 }, (_, index) => specOf(o, index + 1, program));
    log(`starting ${specs.length === 1 ? "a throwaway node" : `${specs.length} throwaway nodes`}`);
    const lost = new AbortController();
    const start = async (spec: NodeSpec, ended: AbortSignal) => {
      const started = await startBeating(o.host, spec, lost, ended);
      beats.push(started.beat);
      return started;
    };
    const members = await all(specs.map((spec) => start(spec, signal)), abandon);
    const nodes = members.map(({ node }) => node);
    const manager = nodes[0] as RunningNode;
    const shell = shellOf(manager, o.runId);
    const edge = edgeOf(manager, certificate.ca);
    // The image needs no Swarm: it is made ready while that is formed.
    const image = edgeImage(o, manager, shell, program !== null, signal);
    image.catch(() => {});
    log("forming the Swarm");
    await formSwarm(nodes, signal);
    const edgeReady = deployEdge(manager.docker, certificate, image, signal).then(() => edgeAnswers(manager.docker, edge, 60_000, signal));
    edgeReady.catch(() => {});
    const [facts, inside] = await Promise.all([factsOf(manager, nodes.length, `Traefik (${o.edgeImage}), the harness's own`, shell, signal), insideOf(manager, signal)]);
    log("starting the edge");
    if (o.waitForEdge ?? true) await edgeReady;
    const another = (index: number, ended: AbortSignal) => start(specOf(o, index, program), ended);
    return new ThrowawaySwarm({ host: o.host, runId: o.runId, members, start: another, shell, facts, edge, inside, edgeReady, lost, abandon });
  } catch (error) {
    abandon.abort(error);
    for (const beat of beats) beat.stop();
    await removeRun(o.host, o.runId);
    throw error;
  }
}

export interface AttachOptions {
  readonly host: Docker;
  /** The manager's container. */
  readonly containerId: string;
  readonly signal: AbortSignal;
}

/**
 * Opens a kept Swarm again, from another process. How long it is kept does not change.
 * @throws Error with statusCode 404 where the node is gone
 */
export async function attachThrowaway(o: AttachOptions): Promise<Throwaway> {
  const info = await bounded("docker inspect", o.host.getContainer(o.containerId).inspect(), 20_000, o.signal);
  const runId = info.Config.Labels[runLabel] ?? "";
  const found = await bounded("docker ps", o.host.listContainers({ filters: { label: [`${runLabel}=${runId}`] } }), 20_000, o.signal);
  found.sort((a, b) => Number(a.Labels[nodeLabel]) - Number(b.Labels[nodeLabel]));
  const privileges = info.HostConfig.Privileged ? "privileged" : "reduced";
  const lost = new AbortController();
  const members = await Promise.all(found.map(async (one) => beating(await describeNode(o.host.getContainer(one.Id), privileges), (why) => lost.abort(new Error(why)))));
  const manager = members[0]?.node as RunningNode;
  const edge = edgeOf(manager, await edgeCa(manager.docker));
  const shell = shellOf(manager, runId);
  const [facts, inside] = await Promise.all([factsOf(manager, members.length, "Traefik, the harness's own", shell, o.signal), insideOf(manager, o.signal)]);
  const abandon = new AbortController();
  const start = async () => {
    throw new Error("nothing joins a kept Swarm");
  };
  return new ThrowawaySwarm({ host: o.host, runId, members, start, shell, facts, edge, inside, edgeReady: Promise.resolve(), lost, abandon });
}

async function startBeating(host: Docker, spec: NodeSpec, lost: AbortController, signal: AbortSignal): Promise<Started> {
  const node = await startNode(host, spec, signal);
  return beating(node, (why) => lost.abort(new Error(`the throwaway node ${spec.index} is gone: ${why}`)));
}

async function beating(node: RunningNode, onLost: (why: string) => void): Promise<Started> {
  return { node, beat: await startHeartbeat(node.container, onLost) };
}

/** All or nothing: where one fails, the others are told, and all have ended before this throws. */
async function all<T>(promises: readonly Promise<T>[], abandon: AbortController): Promise<T[]> {
  for (const promise of promises) promise.catch((error: unknown) => abandon.abort(error));
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function edgeImage(o: ThrowawayOptions, manager: RunningNode, shell: ContainerShell, mounted: boolean, signal: AbortSignal): Promise<EdgeImage> {
  const quick = mounted ? await programImage(manager.docker, shell, signal) : null;
  return quick ?? (await bringImage(o.host, manager.docker, o.edgeImage, signal));
}

function specOf(o: ThrowawayOptions, index: number, program: string | null): NodeSpec {
  const { runId, nodeImage: image, dockerdArgs = [], env = {}, files = [], processes = null } = o;
  const mounts = [...(o.mounts ?? []), ...(program ? [{ source: program, target: inNode }] : [])];
  return { image, runId, index, mounts, dockerdArgs, env, files, processes };
}

function edgeOf(manager: RunningNode, ca: string): Edge {
  return { address: "127.0.0.1", httpsPort: manager.ports.https, httpPort: manager.ports.http, baseDomain, trust: { ca } };
}

/** The edge's ports are the manager's own, which containers of every node reach. */
async function insideOf(manager: RunningNode, signal: AbortSignal): Promise<Swarm["inside"]> {
  const info = (await bounded("docker info", manager.docker.info(), 20_000, signal)) as { Swarm?: { NodeAddr?: string } };
  const address = info.Swarm?.NodeAddr;
  return address ? { address, caConfig } : null;
}

function shellOf(manager: RunningNode, runId: string): ContainerShell {
  return new ContainerShell(manager.container, `/var/lib/recipe-ci/${runId}`);
}

async function factsOf(manager: RunningNode, nodes: number, edge: string, shell: ContainerShell, signal: AbortSignal): Promise<Swarm["facts"]> {
  const [version, ipvs] = await Promise.all([
    bounded("docker version", manager.docker.version(), 20_000, signal),
    hasIpvs(shell, signal),
    shell.exec(["mkdir", "-p", "-m", "700", shell.runDir], { timeoutMs: 20_000, signal }),
  ]);
  return { swarm: "ephemeral", nodes, engine: version.Version, edge, privileges: manager.privileges, ipvs };
}
