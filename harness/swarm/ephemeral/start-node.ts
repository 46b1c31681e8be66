import Docker from "dockerode";
import type { Readable } from "node:stream";
import { splitLines } from "../../base/command.ts";
import { infra, messageOf } from "../../base/errors.ts";
import { waitFor } from "../../base/wait.ts";
import { bounded, unlessGone } from "../bounded.ts";
import { loadTestcontainers, nodeContainer, nodeName, type NodeSpec, type Privileges } from "./container.ts";
import { recallPrivileges, rememberPrivileges } from "./privileges.ts";

const engineWithinMs = 60_000;

/** A running node with its engine. */
export interface RunningNode {
  readonly container: Docker.Container;
  readonly docker: Docker;
  readonly privileges: Privileges;
  /** On the host engine's default bridge: what the nodes of one Swarm call each other by. */
  readonly ip: string;
  readonly ports: NodePorts;
}

/** Ports on 127.0.0.1 of this machine. */
export interface NodePorts {
  readonly docker: number;
  readonly http: number;
  readonly https: number;
}

/**
 * Starts one node: privileged first, the reduced capability set second; what worked on this engine is tried first next time.
 * Nothing is left where it fails.
 * @throws FindingError infra `node-start` with both errors and the engine's last lines; the signal's reason
 */
export async function startNode(host: Docker, spec: NodeSpec, signal: AbortSignal): Promise<RunningNode> {
  const engineId = String((await bounded("docker info", host.info(), 20_000, signal)).ID);
  const evidence: string[] = [];
  for (const privileges of await recallPrivileges(engineId)) {
    try {
      const node = await startWith(host, spec, privileges, signal);
      await rememberPrivileges(engineId, privileges);
      return node;
    } catch (error) {
      await removeByName(host, nodeName(spec.runId, spec.index));
      signal.throwIfAborted();
      evidence.push(`${privileges}: ${messageOf(error)}`);
    }
  }
  throw infra("node-start", `no throwaway node could be started from ${spec.image}`, "run `recipe-ci doctor`", evidence);
}

async function startWith(host: Docker, spec: NodeSpec, privileges: Privileges, signal: AbortSignal): Promise<RunningNode> {
  const testcontainers = await loadTestcontainers(host);
  signal.throwIfAborted();
  const lastLines: string[] = [];
  const container = await nodeContainer(testcontainers, spec, privileges, (c) => engineAnswers(c, signal));
  container.withLogConsumer((stream) => keepLast(stream, lastLines));
  try {
    const started = await container.start();
    const node = host.getContainer(started.getId());
    return await describeNode(node, privileges);
  } catch (error) {
    throw new Error([messageOf(error), ...lastLines].join("\n  "), { cause: error });
  }
}

/** Reads a running node's addresses. */
export async function describeNode(container: Docker.Container, privileges: Privileges): Promise<RunningNode> {
  const info = await bounded("docker inspect", container.inspect(), 20_000);
  const port = (name: string) => Number(info.NetworkSettings.Ports[name]?.[0]?.HostPort ?? 0);
  const ports = { docker: port("2375/tcp"), http: port("80/tcp"), https: port("443/tcp") };
  const docker = new Docker({ protocol: "http", host: "127.0.0.1", port: ports.docker });
  return { container, docker, privileges, ip: info.NetworkSettings.Networks.bridge?.IPAddress ?? "", ports };
}

async function engineAnswers(container: Docker.Container, signal: AbortSignal): Promise<void> {
  const { docker } = await describeNode(container, "privileged");
  await waitFor(
    async () => {
      try {
        await bounded("ping", docker.ping(), 2000, signal);
        return { done: true, value: undefined };
      } catch (error) {
        signal.throwIfAborted();
        // Gone already (it removes itself when it ends): no sense in waiting on.
        await bounded("docker inspect", container.inspect(), 20_000, signal);
        return { done: false, saw: messageOf(error) };
      }
    },
    { what: "the node's engine", timeoutMs: engineWithinMs, signal, intervalMs: 25, maxIntervalMs: 100 },
  );
}

/** Removes a container with its volumes; none there is fine. */
export async function removeByName(host: Docker, name: string): Promise<void> {
  await unlessGone(bounded(`removing ${name}`, host.getContainer(name).remove({ force: true, v: true }), 30_000));
}

function keepLast(stream: Readable, lines: string[]): void {
  const add = splitLines((line) => {
    lines.push(line);
    if (lines.length > 15) lines.shift();
  });
  stream.on("data", add);
  stream.on("err", add);
  stream.on("error", () => {});
}
