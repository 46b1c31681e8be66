import { describe, expect, test } from "vitest";
import { noNode, nodeDown, nodeWithoutAddress, stuckNew } from "../../../harness/watch/policy/rules/placement.ts";
import type { TaskRecord } from "../../../harness/watch/types.ts";
import { found } from "./found.ts";
import { failedTask, serviceRecord, taskRecord } from "./records.ts";

/** Tasks without a node or an address: the exact moment, the cause, and the words. */

const noRoom = "no suitable node (insufficient resources on 1 node)";
const pending = (error: string | null, more: Partial<TaskRecord> = {}) =>
  taskRecord({ id: "waiting", node: null, state: "pending", error, stateAt: 1_000, startedAt: null, runningAt: null, container: null, ...more });

describe("no node", () => {
  const at = (now: number, ...tasks: TaskRecord[]) => found(noNode, { tasks }, now);

  test("is said after a full minute in that state, and not a millisecond earlier", () => {
    expect(at(60_999, pending(noRoom))).toBeNull();
    expect(at(61_000, pending(noRoom))).not.toBeNull();
  });

  test.each([
    ["no suitable node (scheduling constraints not satisfied on 2 nodes)", "failed", "unschedulable", "no node meets the placement of app: correct deploy.placement, or label a node as the recipe's README asks"],
    ["no suitable node (max replicas per node limit exceed; scheduling constraints not satisfied on 1 node)", "failed", "unschedulable", "no node meets the placement of app: correct deploy.placement, or label a node as the recipe's README asks"],
    ["no suitable node (scheduling constraints not satisfied on 1 node; 1 node not available for new tasks)", "infra", "node-down", "a node is down or drained; bring it back, then run again"],
    ["no suitable node (host-mode port already in use on 1 node)", "infra", "host-port-taken", "another stack holds the host port; free it, then run again"],
    [noRoom, "infra", "no-node", "no node has what app reserves; free it, or reserve less, then run again"],
    ["no suitable node (missing plugin on 1 node)", "infra", "no-node", "see what the scheduler says, then run again"],
  ])("%s", (error, kind, cls, hint) => {
    expect(at(70_000, pending(error))).toMatchObject({ kind, class: cls, hint, summary: `app can't be placed: ${error}` });
  });

  test("a global service's task has its node already, and the scheduler gives it the bare cause", () => {
    expect(at(70_000, pending("insufficient resources on 1 node", { node: "n1", slot: "n1" }))).toMatchObject({ kind: "infra", class: "no-node", hint: expect.stringContaining("reserve less") });
  });

  test("the message stands in for an error that is not there", () => {
    expect(at(70_000, pending(null, { message: "pending task scheduling" }))).toMatchObject({ kind: "infra", class: "no-node", summary: "app can't be placed: pending task scheduling" });
  });

  test("a scheduler that says nothing at all is stuck: nobody can name a cause", () => {
    expect(at(70_000, pending(null))).toMatchObject({
      kind: "infra", class: "stuck-new", summary: "app can't be placed: the scheduler gives no reason", hint: "see what the scheduler says, then run again",
    });
  });
});

describe("a task that waits for what the one before it still holds", () => {
  const stopping = (more: Partial<TaskRecord> = {}) => taskRecord({ id: "before", desired: "shutdown", asked: true, ...more });
  const waits = (error: string, ...others: TaskRecord[]) => found(noNode, { tasks: [...others, pending(error)] }, 300_000) === null;
  const portTaken = "no suitable node (host-mode port already in use on 1 node)";

  test.each([noRoom, portTaken])("has patience: %s", (error) => expect(waits(error, stopping())).toBe(true));
  test("has none where it is not room or a port that is wanted", () => {
    expect(waits("no suitable node (scheduling constraints not satisfied on 1 node)", stopping())).toBe(false);
  });
  test("has none once that one has ended", () => {
    expect(waits(noRoom, stopping({ state: "shutdown", endedAt: 9_000 }))).toBe(false);
  });
  test("has none for one that nobody told to stop: a start-first update waits for ever", () => {
    expect(waits(noRoom, taskRecord({ id: "before" }))).toBe(false);
  });
  test("has none for one that never had a node: it holds nothing", () => {
    expect(waits(noRoom, stopping({ node: null, state: "pending" }))).toBe(false);
  });
  test("has none for one of another slot", () => {
    expect(waits(noRoom, stopping({ slot: "2" }))).toBe(false);
  });
  test("looks at its own slot, whatever other slots do", () => {
    expect(waits(noRoom, taskRecord({ id: "other", slot: "2" }), stopping())).toBe(true);
  });
  test("has none for one on a node that is down: it will never be seen to end", () => {
    const seen = (nodes: { readonly id: string; readonly ready: boolean }[]) =>
      found(noNode, { tasks: [stopping(), pending(noRoom)], nodes: nodes.map((node) => ({ ...node, name: node.id, since: 0 })) }, 300_000);
    expect(seen([{ id: "n1", ready: false }, { id: "n2", ready: true }])).toMatchObject({ class: "no-node" });
    expect(seen([{ id: "n1", ready: true }, { id: "n2", ready: false }])).toBeNull();
  });
});

describe("incident 23: no address", () => {
  test.each(["new", "allocated"])("a task that stays %s for a full minute, and not a millisecond less", (state) => {
    const tasks = [pending(null, { state })];
    expect(found(stuckNew, { tasks }, 60_999)).toBeNull();
    expect(found(stuckNew, { tasks }, 61_000)).toMatchObject({
      kind: "infra", class: "stuck-new", slot: "1", at: 1_000, summary: "app: Swarm has not given its task an address for 60 s",
      hint: "a network is out of addresses (often the shared proxy network, which should be a /16): remove what is left over, or make it larger",
    });
  });

  test("a node that has none refuses twice: the second is at the third try, after something else", () => {
    const refused = (endedAt: number) => failedTask(endedAt, { createdAt: endedAt, state: "rejected", error: "missing network attachments", exitCode: null });
    const tasks = [refused(5_000), failedTask(6_000, { createdAt: 6_000 })];
    expect(found(nodeWithoutAddress, { tasks }, 9_000)).toBeNull();
    expect(found(nodeWithoutAddress, { tasks: [...tasks, refused(7_000)] }, 9_000)).toEqual({
      kind: "infra",
      class: "stuck-new",
      service: "app",
      slot: "1",
      at: 0,
      summary: "app: the node has no address on its network: missing network attachments",
      evidence: ["task t7000 (slot 1) 1970-01-01T00:00:07.000Z: rejected, missing network attachments", "limit: the same refusal 2 times (fixed)"],
      hint: "a network is out of addresses (often the shared proxy network, which should be a /16): remove what is left over, or make it larger",
    });
  });
});

describe("a node that is down", () => {
  const nodes = (...down: string[]) => ["n1", "n2", "n3"].map((id) => ({ id, name: `node-${id}`, ready: !down.includes(id), since: 2_000 }));
  const at = (now: number, down: string[], node: string | null) => found(nodeDown, { tasks: [taskRecord({ node })], nodes: nodes(...down) }, now);

  test("is missed after a full minute, by name", () => {
    expect(at(61_999, ["n1", "n2"], "n2")).toBeNull();
    expect(at(62_000, ["n1", "n2"], "n2")).toMatchObject({
      kind: "infra", class: "node-down", summary: "node node-n2, where app runs, is down", hint: "bring node node-n2 back, then run again",
    });
  });
  test("is none of a service that runs elsewhere, or nowhere yet", () => {
    expect(at(90_000, ["n1"], "n3")).toBeNull();
    expect(at(90_000, ["n1"], null)).toBeNull();
  });
  test("is not missed by a task that Swarm has told to stop there", () => {
    expect(found(nodeDown, { tasks: [taskRecord({ desired: "shutdown", asked: true })], nodes: nodes("n1"), services: [serviceRecord()] }, 90_000)).toBeNull();
  });
});
