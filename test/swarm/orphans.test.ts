import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command } from "../../harness/base/command.ts";
import { waitFor } from "../../harness/base/wait.ts";
import type { Machine } from "../../harness/machine/machine.ts";
import { handOver } from "../../harness/swarm/ephemeral/image.ts";
import { removeRun, sweepNeverStarted } from "../../harness/swarm/ephemeral/remove.ts";
import { attachThrowaway, startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { newRunId, testMachine, tracesOf } from "./host.ts";

const signal = AbortSignal.timeout(900_000);
const runs: string[] = [];
let machine: Machine;

beforeAll(async () => {
  machine = await testMachine(["nginx:1.27"], signal);
});

afterAll(async () => {
  await Promise.all(runs.map((runId) => removeRun(machine.docker, runId)));
});

function run(name: string): string {
  const runId = newRunId(name);
  runs.push(runId);
  return runId;
}

/** Starts a build in a process of its own. */
function startBuild(runId: string, keepMs = 0): ChildProcess {
  const argv = ["--import", "tsx", fileURLToPath(new URL("./build-to-kill.ts", import.meta.url)), machine.nodeImage, machine.edgeImage, runId, String(keepMs)];
  return spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The container that the build says it has. */
async function containerOf(build: ChildProcess): Promise<string> {
  for await (const chunk of build.stdout ?? []) {
    const id = /^up (\w+)/m.exec(String(chunk))?.[1];
    if (id) return id;
  }
  throw new Error("the build ended before its Swarm was up");
}

async function kill(build: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => build.once("exit", resolve));
  build.kill("SIGKILL");
  await ended;
}

function goneWithin(runId: string, timeoutMs: number): Promise<void> {
  return waitFor(
    async () => {
      const traces = await tracesOf(machine.docker, runId);
      return traces.length === 0 ? { done: true, value: undefined } : { done: false, saw: traces.join(", ") };
    },
    { what: "the node to end itself", timeoutMs, signal },
  );
}

// Beside each other: they wait.
describe.concurrent("incident 31: a build that was killed with SIGKILL", () => {
  it("takes its node and volumes with it within 60 s, wherever it was in starting it", async () => {
    const started = run("killed");
    const build = startBuild(started);
    await containerOf(build);
    const starting = run("killed-early");
    const early = startBuild(starting);
    const node = machine.docker.getContainer(`recipe-ci-${starting}-node1`);
    await waitFor(
      async () => {
        const running = await node.inspect().then((info) => info.State.Running, () => false);
        return running ? { done: true, value: undefined } : { done: false, saw: "not running yet" };
      },
      { what: "the node's container", timeoutMs: 30_000, signal, intervalMs: 5, maxIntervalMs: 5 },
    );
    // The first is killed with its heartbeat under way, the second before its first beat.
    await Promise.all([kill(early), kill(build)]);
    expect(await tracesOf(machine.docker, started)).toHaveLength(2);
    expect(await tracesOf(machine.docker, starting)).toHaveLength(2);
    await Promise.all([goneWithin(started, 60_000), goneWithin(starting, 60_000)]);
  });

  it("leaves a kept node that can be opened again, and that ends itself when its time is over", async () => {
    const runId = run("kept");
    const build = startBuild(runId, 75_000);
    const containerId = await containerOf(build);
    await kill(build);
    const killedAt = performance.now();
    await expect(goneWithin(runId, 62_000)).rejects.toThrow("gave up");

    const again = await attachThrowaway({ host: machine.docker, containerId, signal });
    expect((await again.shell.exec(["docker", "node", "ls"], { timeoutMs: 20_000 })).exitCode).toBe(0);
    expect(again.edge).toMatchObject({ address: "127.0.0.1", httpsPort: again.hostPorts.https });
    again.detach();
    await goneWithin(runId, 120_000);
    expect(performance.now() - killedAt).toBeGreaterThan(70_000);
  });
});

describe("a start that does not come to its end", () => {
  const options = (runId: string, abort: AbortController, log: (line: string) => void = () => {}) => ({
    host: machine.docker, nodeImage: machine.nodeImage, edgeImage: machine.edgeImage, runId, signal: abort.signal, log,
  });

  it.each(["starting a throwaway node", "forming the Swarm", "starting the edge"])("interrupted at `%s` leaves nothing", async (moment) => {
    const abort = new AbortController();
    const reason = new Error("Ctrl-C");
    const runId = run("interrupted");
    const start = startThrowaway(options(runId, abort, (line) => {
      if (line === moment) setImmediate(() => abort.abort(reason));
    }));
    await expect(start).rejects.toBe(reason);
    expect(await tracesOf(machine.docker, runId)).toEqual([]);
  });

  it("that fails says what the engine said, as infra, and leaves nothing", async () => {
    const runId = run("failed");
    const start = startThrowaway({ ...options(runId, new AbortController()), dockerdArgs: ["--no-such-flag"] });
    await expect(start).rejects.toMatchObject({ blame: "infra", reason: { class: "node-start", evidence: expect.arrayContaining([expect.stringContaining("no-such-flag")]) } });
    expect(await tracesOf(machine.docker, runId)).toEqual([]);
  });

  it("between create and start leaves a container that a later start sweeps, but not a young one", async () => {
    const runId = run("never-started");
    await machine.docker.createContainer({ Image: machine.nodeImage, name: `recipe-ci-${runId}-node1`, Labels: { "recipe-ci.run": runId } });
    await sweepNeverStarted(machine.docker, () => {});
    expect(await tracesOf(machine.docker, runId)).toContain(`/recipe-ci-${runId}-node1`);
    await sweepNeverStarted(machine.docker, () => {}, { now: Date.now() + 600_000, runId });
    expect(await tracesOf(machine.docker, runId)).toEqual([]);
  });
});

describe("two nodes", () => {
  it("form one Swarm whose overlay carries traffic between them, and both go", async () => {
    const runId = run("two");
    const swarm = await startThrowaway({ host: machine.docker, nodeImage: machine.nodeImage, edgeImage: machine.edgeImage, runId, nodes: 2, signal });
    expect(swarm.facts.nodes).toBe(2);
    const nodes = (await swarm.docker.listNodes()) as { Description: { Hostname: string }; Status: { State: string }; Spec: { Role: string } }[];
    expect(new Set(nodes.map((node) => `${node.Description.Hostname} ${node.Spec.Role} ${node.Status.State}`))).toEqual(
      new Set(["node1 manager ready", "node2 worker ready"]),
    );
    expect(await tracesOf(machine.docker, runId)).toHaveLength(4);
    expect(await greetAcross(swarm)).toContain("Welcome to nginx");
    const [inside] = await swarm.docker.listContainers({ filters: { name: ["greeter"] } });
    expect(await cgroupsOf(inside?.Id ?? "")).not.toEqual("");
    expect(await swarm.close()).toEqual([]);
    expect(await tracesOf(machine.docker, runId)).toEqual([]);
    expect(await cgroupsOf(inside?.Id ?? "")).toEqual("");
  });
});

/** Control groups of a node's container, as the host's kernel has them; a node's end must not leave them behind. */
async function cgroupsOf(container: string): Promise<string> {
  const found = await command(["find", "/sys/fs/cgroup", "-type", "d", "-name", `*${container}*`], { timeoutMs: 20_000 });
  return found.stdout;
}

/** Runs a web server on each node and asks the second node's from the first node's, over the proxy network. */
async function greetAcross(swarm: Throwaway): Promise<string> {
  const image = "nginx:1.27";
  await Promise.all(swarm.nodes.map((node) => handOver(machine.docker, node.docker, image, signal)));
  await swarm.docker.createService({
    Name: "greeter", Mode: { Global: {} }, EndpointSpec: { Mode: "dnsrr" },
    TaskTemplate: { ContainerSpec: { Image: image }, Networks: [{ Target: "proxy" }] },
  });
  const ids = await Promise.all(swarm.nodes.map((node) => waitFor(
    async () => {
      const [found] = await node.docker.listContainers({ filters: { name: ["greeter"] } });
      return found ? { done: true, value: found.Id } : { done: false, saw: "no container" };
    },
    { what: "a greeter on each node", timeoutMs: 60_000, signal },
  )));
  const info = await swarm.nodes[1]?.docker.getContainer(ids[1] ?? "").inspect();
  const address = info?.NetworkSettings.Networks.proxy?.IPAddress ?? "";
  const argv = ["docker", "exec", ids[0] ?? "", "curl", "-sS", "--retry", "5", "--retry-connrefused", "--max-time", "20", `http://${address}/`];
  return (await swarm.shell.exec(argv, { timeoutMs: 60_000 })).stdout;
}
