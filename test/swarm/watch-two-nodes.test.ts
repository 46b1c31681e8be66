import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Mask } from "../../harness/base/mask.ts";
import { waitFor } from "../../harness/base/wait.ts";
import { handOver } from "../../harness/swarm/ephemeral/image.ts";
import { startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import type { SavedFailure, Watch, WatchOptions } from "../../harness/watch/watch.ts";
import { newRunId, testMachine } from "./host.ts";
import { image, listen, soonMs, Watched } from "./support/watched.ts";

/**
 * The watch on a Swarm of two nodes. Its engine is the manager, node1: of what happens on node2 no event tells, no container
 * can be looked into through that engine, and logs come by way of the manager.
 */

const signal = AbortSignal.timeout(900_000);
const timeoutMs = 90_000;
const on1 = { on: ["node.hostname==node1"] };
const on2 = { on: ["node.hostname==node2"] };

let host: Docker;
let swarm: Throwaway;
let watched: Watched;
let watch: Watch;
let turn = 0;

beforeAll(async () => {
  const machine = await testMachine([image], signal);
  host = machine.docker;
  swarm = await startThrowaway({ host, nodeImage: machine.nodeImage, edgeImage: machine.edgeImage, runId: newRunId("two"), nodes: 2, waitForEdge: false, signal });
  await Promise.all(swarm.nodes.map(({ docker }) => handOver(host, docker, image, signal)));
});

/** A test that leaves tasks on a node that is gone removes its stack itself. */
afterEach(() => (watched.removed ? undefined : watched.remove()));

afterAll(async () => {
  await swarm?.close();
});

function start(options: Partial<WatchOptions> = {}): void {
  watched = new Watched(swarm, `two${++turn}`, signal, options);
  watch = watched.watch;
}

/** node2 as the Swarm knows it. */
async function node2(): Promise<{ id: string; update: (availability: "active" | "drain") => Promise<void> }> {
  const nodes = await swarm.docker.listNodes() as { ID: string; Version: { Index: number }; Spec: object; Description: { Hostname: string } }[];
  const node = nodes.find(({ Description }) => Description.Hostname === "node2");
  if (!node) throw new Error("no node2");
  const update = async (Availability: string) => {
    await swarm.docker.getNode(node.ID).update({ ...node.Spec, Availability, version: (await swarm.docker.getNode(node.ID).inspect() as typeof node).Version.Index });
  };
  return { id: node.ID, update };
}

describe("a loop on the other node", () => {
  test("is known by the failure that decides it, ten times, with its exit codes", async () => {
    const all: number[] = [];
    for (let round = 0; round < 10; round++) {
      start();
      await watch.beforeChange("deploy");
      await watched.create("app", "sleep 0.2; exit 9", { ...on2, restart: { Delay: 200_000_000 } });
      const { at, error } = await watched.broken();
      const late = await watched.since(at);
      all.push(late);
      expect(error).toMatchObject({ blame: "recipe", reason: { class: "crash-loop", service: "app" } });
      expect(watch.report().failures.map(({ exitCode }) => exitCode)).toEqual([9, 9, 9, 9]);
      await watched.remove();
    }
    console.log(`second node: known ${all.sort((a, b) => a - b).join(", ")} ms after the deciding failure's Status.Timestamp`);
    expect(all.at(-1)).toBeLessThan(soonMs);
  });

  test("has the log lines of its first and latest failure, masked, as soon as each is seen", async () => {
    const mask = new Mask();
    mask.add("correct-horse");
    const told: { at: number; failure: SavedFailure }[] = [];
    start({ mask, onFailure: (failure) => told.push({ at: Date.now(), failure }) });
    await watch.beforeChange("deploy");
    await watched.create("app", "echo the password is correct-horse; exit 9", { ...on2, restart: { Delay: 2_000_000_000 } });
    await watched.broken();
    for (const which of ["first", "latest"] as const) {
      const withLog = told.find(({ failure }) => failure.which === which && failure.log.length > 0);
      expect(withLog?.failure, which).toMatchObject({ exitCode: 9, error: "task: non-zero exit (9)", log: ["the password is •••"] });
      const late = (withLog?.at ?? 0) - await watched.stampOf(withLog?.failure.task ?? "");
      console.log(`second node: the log of the ${which} failure saved ${late} ms after its Status.Timestamp`);
      expect(late).toBeLessThan(soonMs);
    }
    await waitFor(async () => {
      const last = told.findLast(({ failure }) => failure.which === "latest");
      return last && last.failure.log.length > 0 ? { done: true, value: undefined } : { done: false, saw: "no log yet" };
    }, { what: "the log of the deciding failure", timeoutMs: 5_000, signal });
  });

  test("that ends with 0 counts, and its log is kept too", async () => {
    start();
    await watch.beforeChange("deploy");
    await watched.create("app", "echo bye", { ...on2, restart: { Delay: 1_000_000_000 } });
    const { error } = await watched.broken();
    expect(error).toMatchObject({ reason: { class: "exit-zero-loop", service: "app" } });
    expect(watch.report().failures[0]).toMatchObject({ exitCode: 0, log: ["bye"] });
  });
});

describe("across nodes", () => {
  test("a database on the other node is looked into there: its app is excused until it listens", async () => {
    start({ dependencies: new Map([["app", ["db"]]]) });
    await watch.beforeChange("deploy");
    // By one clock, the app in front: whatever of it ends, ends before the database listens.
    const until = Math.floor(Date.now() / 1000) + 27;
    const listening = `until test $(date +%s) -ge ${until + 3}; do sleep 0.2; done; ${listen()}`;
    await watched.create("db", listening, on2);
    await watched.create("app", `test $(date +%s) -ge ${until} || exit 7; sleep 1000`, on1);
    watch.afterChange();
    await watch.converged({ timeoutMs, services: ["db", "app"] });
    const { failures } = watch.report();
    expect(failures.length).toBeGreaterThanOrEqual(4);
    expect(new Set(failures.map(({ excusedBy }) => excusedBy))).toEqual(new Set(["db"]));
  });

  test("and excused no longer than that: a loop is known soon after", async () => {
    start({ dependencies: new Map([["app", ["db"]]]) });
    await watch.beforeChange("deploy");
    await watched.create("db", listen(), on2);
    await watched.create("app", "sleep 0.3; exit 7", on1);
    const { error } = await watched.broken();
    expect(error).toMatchObject({ blame: "recipe", reason: { class: "crash-loop", service: "app" } });
    // Where nobody could look into node2, 120 s would be excused.
    expect(watch.report().decidedMs).toBeLessThan(45_000);
  });

  test("a drained node moves its tasks: no failure, settled on the other", async () => {
    start();
    await watch.beforeChange("deploy");
    // Swarm spreads them: one on each node.
    await watched.create("app", "trap 'exit 143' TERM; sleep 1000 & wait", { replicas: 2 });
    watch.afterChange();
    await watch.settled({ timeoutMs, services: ["app"] });
    const { id, update } = await node2();
    await update("drain");
    try {
      const running = async () => {
        const tasks = await swarm.docker.listTasks({ filters: { label: [`com.docker.stack.namespace=${watched.stack}`], "desired-state": ["running"] } });
        return tasks.filter(({ Status }) => Status.State === "running").map(({ NodeID }) => NodeID);
      };
      await waitFor(async () => {
        const nodes = await running();
        return nodes.length === 2 && !nodes.includes(id) ? { done: true, value: undefined } : { done: false, saw: `on ${nodes.join(", ")}` };
      }, { what: "all tasks on node1", timeoutMs, signal });
      await watch.settled({ timeoutMs, services: ["app"] });
      expect(watch.report().failures).toEqual([]);
      expect(watch.broken.aborted).toBe(false);
    } finally {
      await update("active");
    }
  });
});

/** The last test of the file: node2 does not come back. */
describe("a node that goes down", () => {
  test("costs what may move nothing; what is bound to it is infra, not the recipe's fault", async () => {
    start();
    await watch.beforeChange("deploy");
    await watched.create("free", "sleep 1000", { replicas: 2 });
    await watched.create("bound", "sleep 1000", on2);
    watch.afterChange();
    await watch.settled({ timeoutMs, services: ["free", "bound"] });
    const { id } = await node2();
    await swarm.nodes[1]?.container.kill();
    const { error } = await watched.broken();
    console.log(`node down: ${error.blame} ${error.reason.class}: ${error.reason.summary}`);
    expect(error).toMatchObject({ blame: "infra", reason: { class: "node-down", service: "bound" } });
    expect(watch.report().failures).toEqual([]);
    const tasks = await swarm.docker.listTasks({ filters: { service: [`${watched.stack}_free`], "desired-state": ["running"] } });
    expect(tasks.map(({ NodeID, Status }) => [NodeID === id, Status.State])).toEqual([[false, "running"], [false, "running"]]);
    await watched.remove(false);
  });
});
