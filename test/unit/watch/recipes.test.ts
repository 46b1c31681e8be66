import { describe, expect, test } from "vitest";
import { addToTask } from "../../../harness/watch/history.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { judge } from "../../../harness/watch/policy.ts";
import { Scene, type ServiceOptions } from "./scene.ts";

/** What recipes of the catalogue do to the watch: upgrades above all. */

/** All of `services` up at 1 s, an upgrade to `head` at 10 s. */
function upgraded(services: Readonly<Record<string, ServiceOptions>>, head: readonly string[], change: (scene: Scene) => void): Scene {
  const scene = new Scene(services);
  for (const name of Object.keys(services)) scene.plan(1, () => scene.run(name));
  scene.plan(10, () => {
    change(scene);
    scene.expect(head);
  });
  return scene;
}

const migrated = (scene: Scene) => {
  scene.change("upgrade", { db: "db-v2" });
  scene.replace("db");
  scene.plan(10, () => scene.start("db"));
  scene.plan(50, () => scene.up("db"));
  scene.plan(50.2, () => scene.updating("db", "completed"));
};

describe("a service that left the recipe and is not pruned yet", () => {
  const play = () => upgraded({ db: { health: true }, worker: { needs: ["db"] } }, ["db"], (scene) => {
    migrated(scene);
    scene.dependencies({ db: [] });
    scene.plan(11, () => scene.end("worker"));
    scene.crash("worker", { from: 16, life: 1 });
  });

  test("may loop: head is not to blame", () => {
    const scene = play().until(200);
    expect(scene.verdict).toBeNull();
  });
  test("new in the recipe, the same loop is its fault", () => {
    const scene = upgraded({ db: { health: true } }, ["db"], (one) => {
      migrated(one);
      one.create("worker");
      one.crash("worker", { from: 11, life: 1 });
    });
    expect(scene.until(200).verdict?.judged.reason).toMatchObject({ class: "crash-loop", service: "worker" });
  });
  test("is waited for by nobody", () => {
    expect(play().until(200).settledAt).toBeGreaterThanOrEqual(50);
  });
});

describe("a host port whose old task takes long to stop", () => {
  const play = (stopFor: number | null, downAt?: number) => upgraded({ turn: { hostPorts: [3478] } }, ["turn"], (scene) => {
    scene.change("upgrade", { turn: "turn-v2" });
    if (downAt !== undefined) scene.plan(downAt, () => { scene.nodes = [{ id: "n1", name: "n1", ready: false }]; });
    const old = scene.latest("turn");
    old.desired = "shutdown";
    scene.poll();
    const fresh = scene.task("turn", "1", "pending");
    Object.assign(fresh, { node: null, error: "no suitable node (host-mode port already in use on 1 node)" });
    if (stopFor === null) return;
    scene.plan(10 + stopFor, () => {
      scene.move(old, "shutdown", { exitCode: 0 });
      scene.move(fresh, "starting", { node: "n1", error: null });
    });
    scene.plan(11 + stopFor, () => scene.move(fresh, "running"));
    scene.plan(12 + stopFor, () => scene.updating("turn", "completed"));
  });

  test("90 s of stop_grace_period are no fault of the host's", () => {
    const scene = play(90).until(120);
    expect(scene.verdict).toBeNull();
    expect(scene.settledAt).toBe(102);
  });
  test("a node that went down meanwhile frees nothing", () => {
    expect(play(null, 20).until(200).verdict?.judged).toMatchObject({ kind: "infra" });
  });
  test("a port that stays taken after the old task is gone is somebody else's", () => {
    const scene = play(null);
    scene.plan(80, () => scene.move(scene.oldest("turn"), "shutdown", { exitCode: 0 }));
    expect(scene.until(200).verdict?.judged).toMatchObject({ kind: "infra", reason: { class: "host-port-taken" } });
  });
});

describe("a daemon with a restart delay of 15 s, which looks like a schedule", () => {
  test("that was asked to stop and ended with 0 is not in place before it is up again", () => {
    const scene = new Scene({ app: { delay: 15 } });
    scene.plan(1, () => scene.run("app"));
    scene.plan(20, () => {
      scene.disturb(["app"], 30, "its node is drained");
      scene.replace("app", "1", { exit: 0 });
    });
    scene.plan(40, () => scene.run("app"));
    expect(scene.until(30).judge()).toMatchObject({ kind: "waiting" });
    expect(scene.until(50).settledAt).toBe(40);
  });
});

describe("a global service without a task", () => {
  const play = () => new Scene({ agent: { mode: "global", replicas: 0 } });

  test("just created, Swarm has not looked for nodes yet", () => {
    expect(play().until(0.2).judge()).toEqual({ kind: "waiting", line: "agent: no task yet" });
  });
  test("later, no node takes it: green, and said", () => {
    expect(play().until(10).judge()).toMatchObject({ kind: "converged", warnings: ["agent is global, and no node takes a task of it: it runs nowhere"] });
  });
});

describe("restart condition on-failure", () => {
  const play = (db: ServiceOptions) => {
    const scene = new Scene({ db: { condition: "on-failure", ...db }, app: { needs: ["db"] } });
    scene.plan(1, () => scene.run("db"));
    scene.plan(2, () => scene.run("app"));
    scene.plan(20, () => scene.end("db", { state: "complete", last: true }));
    return scene.until(60);
  };

  test("a daemon that was healthy and ends with 0 is down for good: that is no finished one-shot", () => {
    const { verdict } = play({ health: true });
    expect(verdict?.at).toBe(20);
    expect(verdict?.judged.reason).toMatchObject({ class: "gave-up", service: "db", hint: expect.stringContaining("condition any") });
    expect(verdict?.judged.reason.evidence.join("\n")).toContain("complete, exit code 0");
  });

  test("what nobody could rely on for more than its work is a finished one-shot", () => {
    const { verdict, history, now } = play({});
    expect(verdict).toBeNull();
    expect(judge(history, defaultLimits, now * 1000)).toMatchObject({ kind: "converged" });
  });

  test("a service that was seen listening is a daemon too", () => {
    const scene = new Scene({ db: { condition: "on-failure" }, app: { needs: ["db"] } });
    scene.plan(1, () => scene.run("db"));
    scene.plan(2, () => {
      scene.history = addToTask(scene.history, scene.latest("db").id, { listeningAt: 2_000 });
      scene.run("app");
    });
    scene.plan(20, () => scene.end("db", { state: "complete", last: true }));
    expect(scene.until(60).verdict?.judged.reason).toMatchObject({ class: "gave-up", service: "db" });
  });

  test("a job may end healthy: it is done", () => {
    const scene = new Scene({ job: { mode: "job", condition: "none", health: true } });
    scene.plan(1, () => scene.run("job"));
    scene.plan(20, () => scene.end("job", { state: "complete", last: true }));
    expect(scene.until(60).verdict).toBeNull();
  });
});
