import { describe, expect, test } from "vitest";
import { portConflict } from "../../../harness/watch/policy/rules/placement.ts";
import type { TaskRecord } from "../../../harness/watch/types.ts";
import { found } from "./found.ts";
import { serviceRecord, taskRecord } from "./records.ts";

/** A host port that somebody holds: the stack itself, or not. */

const taken = "no suitable node (host-mode port already in use on 1 node)";
const pending = (more: Partial<TaskRecord> = {}) => taskRecord({ id: "waiting", node: null, state: "pending", error: taken, stateAt: 1_000, startedAt: null, runningAt: null, ...more });
const app = serviceRecord({ hostPorts: [80, 443] });
const web = serviceRecord({ id: "web-id", name: "web", hostPorts: [443, 8080, 80] });
const webTask = (more: Partial<TaskRecord> = {}) => taskRecord({ id: "web1", service: "web", serviceId: "web-id", ...more });
const between = (tasks: TaskRecord[], other = web, now = 10_000) => found(portConflict, { services: [app, other], tasks }, now);

describe("a port that another service of the stack holds", () => {
  test("is a conflict from 5 s on, and not a millisecond earlier: its last holder may still be going", () => {
    expect(between([pending(), webTask()], web, 5_999)).toBeNull();
    expect(between([pending(), webTask()], web, 6_000)).toMatchObject({
      kind: "failed", class: "port-conflict", service: "app", slot: "1",
      summary: "app: host port 80, 443 is held by web of the same stack",
      hint: "give app and web different published ports",
    });
  });
  test("only what both publish is named", () => {
    expect(between([pending(), webTask()], { ...web, hostPorts: [25, 443] })?.summary).toBe("app: host port 443 is held by web of the same stack");
  });
  test("one of its slots is enough", () => {
    expect(between([pending(), webTask({ slot: "1", state: "failed", desired: "shutdown", endedAt: 1 }), webTask({ id: "web2", slot: "2" })])).not.toBeNull();
  });

  test.each<[string, TaskRecord]>([
    ["is not there", webTask({ state: "failed", desired: "shutdown", endedAt: 1 })],
    ["is gone", webTask({ gone: true, endedAt: 1 })],
    ["stops already", webTask({ desired: "shutdown", asked: true })],
    ["has no node either", webTask({ node: null, state: "pending" })],
  ])("is not held by a task that %s", (_, task) => expect(between([pending(), task])).toBeNull());

  test("is not held by a service of other ports", () => {
    expect(between([pending(), webTask()], { ...web, hostPorts: [8080] })).toBeNull();
  });
  test("does not matter to a task that waits for something else", () => {
    expect(between([pending({ error: "no suitable node (insufficient resources on 1 node)" }), webTask()])).toBeNull();
  });
});

describe("a port that the service itself holds", () => {
  const own = (...tasks: TaskRecord[]) => found(portConflict, { services: [serviceRecord({ hostPorts: [80] })], tasks }, 10_000);

  test("needs another order of update, or fewer replicas", () => {
    expect(own(taskRecord({ id: "first" }), pending({ slot: "2" }))).toMatchObject({
      class: "port-conflict", slot: "2",
      summary: "app: host port 80 is held by its own other task of the same stack",
      hint: "give app update_config order stop-first, or fewer replicas than nodes",
    });
  });
});

describe("a global service, whose tasks have their nodes from the start", () => {
  const global = serviceRecord({ mode: "global", hostPorts: [80] });
  const on = (node: string, more: Partial<TaskRecord> = {}) => taskRecord({ id: `on-${node}`, slot: node, node, ...more });
  const waitsOn = (node: string) => pending({ id: `on-${node}`, slot: node, node, error: "host-mode port already in use on 1 node" });
  const seen = (...tasks: TaskRecord[]) => found(portConflict, { services: [global], tasks }, 10_000);

  test("does not hold the port against itself while it waits for it", () => expect(seen(waitsOn("n1"))).toBeNull());
  test("does not hold it while it waits on another node too: somebody else does, on both", () => expect(seen(waitsOn("n1"), waitsOn("n2"))).toBeNull());
  test("does not hold it where it runs on another node", () => expect(seen(on("n2"), waitsOn("n1"))).toBeNull());
  test("holds it where its old task runs on that very node", () => expect(seen(on("n1", { id: "old" }), waitsOn("n1"))).toMatchObject({ class: "port-conflict", slot: "n1" }));
});
