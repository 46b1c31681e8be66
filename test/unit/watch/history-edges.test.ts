import { describe, expect, test } from "vitest";
import { addDisturbance, addImageHealth, addPoll, addSilence, addToTask, applyChange, beginChange, declare, endDisturbance, expectServices, isUnchanged, newHistory, restart } from "../../../harness/watch/history.ts";
import type { Poll, SeenNode, SeenService, SeenTask } from "../../../harness/watch/observe/seen.ts";
import type { History, TaskRecord } from "../../../harness/watch/types.ts";

/** The history at its edges, and that what a look does not change stays the very same object. */

const service = (more: Partial<SeenService> = {}): SeenService => ({
  id: "svc", name: "app", version: 1, spec: "v1", createdAt: 1_000, mode: "replicated", desired: 1, image: "app:1", update: null,
  restart: { condition: "any", delayMs: 5_000, delayGiven: false }, monitorMs: 5_000, memoryLimit: null, hostPorts: [], ...more,
});
const task = (more: Partial<SeenTask> = {}): SeenTask => ({
  id: "t1", serviceId: "svc", slot: "1", node: "n1", createdAt: 1_000, spec: "v1", image: "app:1", health: { kind: "none", limitMs: null },
  state: "running", desired: "running", stateAt: 2_000, message: null, error: null, exitCode: 0, container: "c1", ...more,
});
const ended = (id: string, more: Partial<SeenTask> = {}) => task({ id, state: "failed", desired: "shutdown", exitCode: 1, stateAt: 2_900, ...more });
const start = () => newHistory({ stack: "s", at: 0, dependencies: new Map(), missingImages: ["x:1"] });
const look = (history: History, at: number, tasks: SeenTask[], services: SeenService[] = [service()], nodes: SeenNode[] | null = null): History =>
  addPoll(history, { askedAt: at, at, tasks, services, nodes } satisfies Poll);
const first = ({ tasks }: History): TaskRecord => tasks[0] as TaskRecord;

test("a new history knows what it was told and nothing else", () => {
  expect(start()).toEqual({
    stack: "s", services: [], tasks: [], dropped: {}, nodes: [], disturbances: [], dependencies: {}, overlaid: [], missingImages: ["x:1"], imageHealth: {},
    change: { name: "start", at: 0, startedAt: null, applied: true, before: {}, expected: [] }, daemon: { answeredAt: 0, failedAttempts: 0, lastError: null },
  });
  expect(newHistory({ stack: "s", at: 0, dependencies: new Map([["a", ["b"]]]), missingImages: [], overlaid: ["a"] })).toMatchObject({ dependencies: { a: ["b"] }, overlaid: ["a"] });
  expect(restart(start(), 70)).toMatchObject({ change: { name: "start", at: 70 }, daemon: { answeredAt: 70, failedAttempts: 0 } });
});

describe("a look that brings nothing new", () => {
  test("leaves all but the daemon's time as it was", () => {
    const nodes = [{ id: "n1", name: "one", ready: true }];
    const before = look(start(), 3_000, [task(), ended("t0")], [service()], nodes);
    const after = look(before, 3_500, [task(), ended("t0")], [service()], nodes.map((node) => ({ ...node })));
    expect(isUnchanged(after, before)).toBe(true);
    expect(after.tasks).toBe(before.tasks);
    expect(after.daemon.answeredAt).toBe(3_500);
  });
  test.each<[string, (history: History) => History]>([
    ["another state", (history) => look(history, 3_500, [ended("t1")])],
    ["a new task", (history) => look(history, 3_500, [task(), task({ id: "t2" })])],
    ["one task less", (history) => look(history, 3_500, [])],
    ["a service that moved", (history) => look(history, 3_500, [task()], [service({ version: 2 })])],
    ["a service less", (history) => look(history, 3_500, [task()], [])],
    ["a node", (history) => look(history, 3_500, [task()], [service()], [{ id: "n1", name: "one", ready: true }])],
    ["a disturbance", (history) => addDisturbance(history, { targets: ["app"], from: 0, until: 1, why: "x" })],
    ["an image's health", (history) => addImageHealth(history, "app:1", { kind: "none", limitMs: null })],
    ["a fact about a task", (history) => addToTask(history, "t1", { oom: true })],
    ["a change", (history) => beginChange(history, "upgrade", 3_500)],
  ])("%s is something new", (_, change) => {
    const before = look(start(), 3_000, [task()]);
    expect(isUnchanged(change(before), before)).toBe(false);
  });
  test("a silent daemon is nothing new about the stack", () => {
    const before = look(start(), 3_000, [task()]);
    expect(isUnchanged(addSilence(before, "x"), before)).toBe(true);
  });
});

describe("a task", () => {
  const grown = (...states: Partial<SeenTask>[]) => first(states.reduce((history, state, index) => look(history, 3_000 + 1_000 * index, [task(state)]), start()));

  test("keeps what it once had: node, container, error, exit code", () => {
    const known = grown({ state: "failed", desired: "shutdown", error: "boom", exitCode: 7, stateAt: 2_900 }, { state: "failed", desired: "shutdown", node: null, container: null, error: null, exitCode: null });
    expect(known).toMatchObject({ node: "n1", container: "c1", error: "boom", exitCode: 7 });
  });
  test("has an exit code only once it has ended", () => {
    expect(grown({ exitCode: 0 }).exitCode).toBeNull();
    expect(grown({ exitCode: 0 }, { state: "complete", desired: "shutdown", exitCode: 0 }).exitCode).toBe(0);
  });
  test("of which the first sight is its end never started, as far as anybody saw", () => {
    expect(grown({ state: "rejected", desired: "shutdown", stateAt: 2_950 })).toMatchObject({ startedAt: null, runningAt: null, endedAt: 2_950, asked: false });
  });
  test("starts when it is first starting, runs when it first runs, ends once", () => {
    expect(grown({ state: "assigned", stateAt: 2_900 }, { state: "starting", stateAt: 3_950 }, { state: "running", stateAt: 4_950 }, { state: "running", stateAt: 5_950 })).toMatchObject({ startedAt: 3_950, runningAt: 4_950, stateAt: 4_950, endedAt: null });
    expect(grown({ stateAt: 2_900 })).toMatchObject({ startedAt: 2_900, runningAt: 2_900 });
  });
  test.each([["shutdown", true], ["remove", true], ["complete", false], ["ready", false]])("wanted %s while it lives: asked %s", (desired, asked) => {
    expect(grown({}, { desired }).asked).toBe(asked);
  });
  test("that ended `shutdown` was asked, whatever else is known; told so after its end it was not", () => {
    expect(grown({ state: "shutdown", desired: "shutdown" }).asked).toBe(true);
    expect(grown({}, { state: "failed", desired: "running" }, { state: "failed", desired: "shutdown" }).asked).toBe(false);
    expect(grown({ desired: "shutdown" }, { state: "failed", desired: "shutdown" }).asked).toBe(true);
  });
  test("a message or a wish that changes is seen, within the same state", () => {
    expect(grown({ state: "pending", message: "a" }, { state: "pending", message: "b", desired: "ready", error: "no node" })).toMatchObject({ message: "b", desired: "ready", error: "no node" });
  });
  test("of a job, in the slot that is left out", () => {
    const slot = (mode: SeenService["mode"], more: Partial<SeenTask>) => first(look(start(), 3_000, [task(more)], [service({ mode })])).slot;
    expect(slot("job", { slot: "n1", node: "n1" })).toBe("0");
    expect(slot("job", { slot: "none", node: null })).toBe("0");
    expect(slot("job", { slot: "2" })).toBe("2");
    expect(slot("global", { slot: "n1", node: "n1" })).toBe("n1");
  });
  test.each([
    ["just as old as a look allows", 1_000, 1_000],
    ["older: it counts from when it was seen", 999, 3_100],
    ["from the future", 9_999, 3_100],
    ["now", 3_100, 3_100],
  ])("a stamp %s", (_, stateAt, believed) => {
    expect(first(look(look(start(), 3_000, []), 3_100, [ended("t1", { stateAt })])).endedAt).toBe(believed);
  });
  test("that is no longer listed ended when that was seen, unless its end was known", () => {
    const gone = (history: History) => first(look(history, 9_000, []));
    expect(gone(look(start(), 3_000, [task()]))).toMatchObject({ gone: true, endedAt: 9_000 });
    expect(gone(look(start(), 3_000, [ended("t1")]))).toMatchObject({ gone: true, endedAt: 2_900 });
  });
  test("facts about one that nobody knows change nothing", () => {
    const history = look(start(), 3_000, [task()]);
    expect(addToTask(history, "t9", { oom: true })).toBe(history);
    expect(first(addToTask(history, "t1", { oom: true, listeningAt: 5, deafAt: 4 }))).toMatchObject({ oom: true, listeningAt: 5, deafAt: 4 });
  });
});

describe("what is kept of many ends", () => {
  const many = (count: number, slot = "1", gone = true): History => {
    const tasks = Array.from({ length: count }, (_, index) => ended(`${slot}-${index}`, { slot, stateAt: 2_000 + index }));
    const seen = look(start(), 3_000, tasks);
    return gone ? look(seen, 4_000, []) : seen;
  };

  test("the first and the latest 48 of a slot, once Swarm has forgotten the others", () => {
    expect(many(49).tasks).toHaveLength(49);
    expect(many(49).dropped).toEqual({});
    const kept = many(60);
    expect(kept.tasks).toHaveLength(49);
    expect([kept.tasks[0]?.id, kept.tasks[1]?.id, kept.tasks.at(-1)?.id]).toEqual(["1-0", "1-12", "1-59"]);
    expect(kept.dropped).toEqual({ app: 11 });
  });
  test("all that Swarm still lists", () => expect(many(60, "1", false).tasks).toHaveLength(60));
  test("dropped ones are summed up, over slots and time", () => {
    const once = many(60);
    const more = Array.from({ length: 60 }, (_, index) => ended(`b-${index}`, { slot: "2" }));
    expect(look(look(once, 5_000, more), 6_000, []).dropped).toEqual({ app: 22 });
  });
  test("logs: of the first and the latest failure of each slot, none of tasks that were asked to stop", () => {
    const ids = ["a", "b", "c", "d"];
    let history = look(start(), 3_000, [...ids.map((id) => ended(id)), ended("other", { slot: "2" }), task({ id: "asked", desired: "shutdown" })]);
    history = look(history, 3_100, [...ids.map((id) => ended(id)), ended("other", { slot: "2" }), ended("asked", { stateAt: 3_050 })]);
    for (const id of [...ids, "other", "asked"]) history = addToTask(history, id, { log: [id] });
    expect(Object.fromEntries(history.tasks.map(({ id, log }) => [id, log]))).toEqual({ a: ["a"], b: [], c: [], d: ["d"], other: ["other"], asked: [] });
  });
  test("a log of one that still runs is kept", () => {
    expect(first(addToTask(look(start(), 3_000, [task()]), "t1", { log: ["x"] })).log).toEqual(["x"]);
  });
});

describe("services", () => {
  test("move with their version only, and are never created later than now", () => {
    const history = look(start(), 3_000, [], [service({ createdAt: 9_999 })]);
    expect(history.services[0]).toMatchObject({ createdAt: 3_000, movedAt: 3_000 });
    expect(look(history, 4_000, [], [service({ desired: 3 })]).services[0]).toMatchObject({ movedAt: 3_000, desired: 3 });
    expect(look(history, 4_000, [], [service({ version: 2 })]).services[0]?.movedAt).toBe(4_000);
  });
  test("a removed one is gone, its tasks are remembered, and one of the same name is another", () => {
    const history = look(look(start(), 3_000, [task()]), 4_000, [task({ id: "t2", serviceId: "new" })], [service({ id: "new", createdAt: 3_900 })]);
    expect(history.services.map(({ id }) => id)).toEqual(["new"]);
    expect(history.tasks.map(({ id, gone, service: name }) => [id, gone, name])).toEqual([["t1", true, "app"], ["t2", false, "app"]]);
  });
  test("a global one wants a task on each node that was not taken from it, whatever Docker counts", () => {
    const wanted = (desired: number, ...tasks: Partial<SeenTask>[]) =>
      look(start(), 3_000, tasks.map((more, index) => task({ id: `t${index}`, createdAt: 1_000 + index, ...more })), [service({ mode: "global", desired })]).services[0]?.desired;
    expect(wanted(0, { slot: "n1" }, { slot: "n2", state: "ready", desired: "ready" })).toBe(2);
    expect(wanted(0, { slot: "n1", state: "failed", desired: "shutdown" })).toBe(1);
    expect(wanted(2, { slot: "n1" }, { slot: "n1" })).toBe(1);
    expect(wanted(1, { slot: "n1" }, { slot: "n2", state: "shutdown", desired: "shutdown" })).toBe(1);
    expect(wanted(1, { slot: "n1", state: "failed" }, { slot: "n1", desired: "shutdown", state: "running" })).toBe(1);
    expect(wanted(3)).toBe(3);
    expect(wanted(4, { serviceId: "other" })).toBe(4);
  });
  test("a replicated one wants what Docker says", () => {
    expect(look(start(), 3_000, [task(), task({ id: "t2", slot: "2" })], [service({ desired: 5 })]).services[0]?.desired).toBe(5);
  });
  test("a global one from which the node of its latest task was removed wants it no more", () => {
    const seen = look(start(), 3_000, [task({ slot: "n1" }), task({ id: "t2", slot: "n2" })], [service({ mode: "global", desired: 2 })]);
    expect(look(seen, 4_000, [task({ slot: "n1" })], [service({ mode: "global", desired: 1 })]).services[0]?.desired).toBe(1);
  });
});

describe("nodes", () => {
  const nodes = (history: History, at: number, ready: boolean | null) => look(history, at, [], [], ready === null ? null : [{ id: "n1", name: "one", ready }]);
  test("are as they are since that was first seen, and stay known where a look does not ask", () => {
    const up = nodes(start(), 1_000, true);
    expect(up.nodes).toEqual([{ id: "n1", name: "one", ready: true, since: 1_000 }]);
    expect(nodes(nodes(up, 2_000, true), 3_000, null).nodes).toEqual(up.nodes);
    expect(nodes(up, 3_000, false).nodes).toEqual([{ id: "n1", name: "one", ready: false, since: 3_000 }]);
    expect(look(up, 4_000, [], [], [{ id: "n2", name: "two", ready: true }]).nodes).toEqual([{ id: "n2", name: "two", ready: true, since: 4_000 }]);
  });
});

describe("changes", () => {
  const update = { state: "completed", startedAt: "yesterday", completedAt: 5, message: "" };
  test("are measured against what stood there", () => {
    const begun = beginChange(look(start(), 3_000, [], [service({ update }), service({ id: "b", name: "db" })]), "upgrade", 4_000, ["app"]);
    expect(begun.change).toEqual({
      name: "upgrade", at: 4_000, startedAt: null, applied: false, expected: ["app"],
      before: { app: { id: "svc", version: 1, updateStartedAt: "yesterday" }, db: { id: "b", version: 1, updateStartedAt: null } },
    });
    expect(beginChange(start(), "x", 1).change.expected).toEqual([]);
    expect(expectServices(applyChange(begun), ["db"]).change).toMatchObject({ applied: true, expected: ["db"], name: "upgrade" });
  });
  test("begin with the first service that is new or moved, and not before they were begun", () => {
    const begun = beginChange(look(start(), 3_000, [], [service()]), "upgrade", 4_000);
    const startedAt = (...services: SeenService[]) => look(begun, 6_000, [], services).change.startedAt;
    expect(startedAt(service())).toBeNull();
    expect(startedAt(service({ version: 2 }))).toBe(6_000);
    expect(startedAt(service(), service({ id: "b", name: "db", createdAt: 5_000 }))).toBe(5_000);
    expect(startedAt(service({ version: 2 }), service({ id: "b", name: "db", createdAt: 5_000 }))).toBe(5_000);
    expect(startedAt(service({ id: "again", createdAt: 5_500 }))).toBe(5_500);
    expect(startedAt(service({ id: "b", name: "db", createdAt: 3_500 }))).toBe(4_000);
    expect(startedAt()).toBeNull();
  });
  test("bring their own dependencies and overlay", () => {
    const declared = declare(start(), { dependencies: new Map([["app", ["db"]]]), overlaid: ["app"] });
    expect(declared).toMatchObject({ dependencies: { app: ["db"] }, overlaid: ["app"] });
    expect(look(declared, 3_000, []).services[0]?.dependsOn).toEqual(["db"]);
    expect(look(start(), 3_000, []).services[0]?.dependsOn).toEqual([]);
  });
});

describe("disturbances", () => {
  const kill = { targets: ["app"], from: 1_000, until: 5_000, why: "kill" };
  test("of several, the one that is meant ends, and only if it has not", () => {
    const others = [{ ...kill, why: "restore" }, { ...kill, from: 1_001 }];
    const all = [kill, ...others].reduce(addDisturbance, start());
    expect(endDisturbance(all, kill, 4_999).disturbances).toEqual([{ ...kill, until: 4_999 }, ...others]);
    expect(endDisturbance(all, kill, 5_000).disturbances).toEqual([kill, ...others]);
  });
});
