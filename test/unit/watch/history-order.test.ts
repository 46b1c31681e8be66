import { describe, expect, test } from "vitest";
import { addImageHealth, addPoll, addToTask, newHistory } from "../../../harness/watch/history.ts";
import type { SeenService, SeenTask } from "../../../harness/watch/observe/seen.ts";
import type { History } from "../../../harness/watch/types.ts";

/** Which of several tasks is which, and that what is known stays the very same object. */

const service = (more: Partial<SeenService> = {}): SeenService => ({
  id: "svc", name: "app", version: 1, spec: "v1", createdAt: 1_000, mode: "replicated", desired: 1, image: "app:1", update: null,
  restart: { condition: "any", delayMs: 5_000, delayGiven: false }, monitorMs: 5_000, memoryLimit: null, hostPorts: [], ...more,
});
const task = (id: string, createdAt: number, more: Partial<SeenTask> = {}): SeenTask => ({
  id, serviceId: "svc", slot: "1", node: "n1", createdAt, spec: "v1", image: "app:1", health: { kind: "none", limitMs: null },
  state: "running", desired: "running", stateAt: createdAt, message: null, error: null, exitCode: null, container: "c1", ...more,
});
const failed = (id: string, createdAt: number, more: Partial<SeenTask> = {}) => task(id, createdAt, { state: "failed", desired: "shutdown", exitCode: 1, ...more });
const start = newHistory({ stack: "s", at: 0, dependencies: new Map(), missingImages: [] });
const look = (history: History, at: number, tasks: SeenTask[], services = [service()]) => addPoll(history, { askedAt: at, at, tasks, services, nodes: null });

describe("what one look shows for the first time", () => {
  const [a, b, c] = [failed("a", 1_000), failed("b", 2_000), failed("c", 2_500)] as const;

  test.each([[[a, b, c]], [[c, b, a]], [[b, c, a]]])("is told in the order in which it was made, however Docker lists it", (tasks) => {
    expect(look(start, 3_000, tasks).tasks.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });
  test("so that the logs of the first and the latest failure are kept", () => {
    const history = ["c", "a", "b"].reduce((known, id) => addToTask(known, id, { log: [id] }), look(start, 3_000, [c, a, b]));
    expect(history.tasks.map(({ log }) => log)).toEqual([["a"], [], ["c"]]);
  });
});

describe("the latest task of a global service on a node says whether it is wanted there", () => {
  const global = [service({ mode: "global", desired: 7 })];
  const stays = task("stays", 1_000, { slot: "n2", node: "n2" });
  const on1 = (id: string, createdAt: number, more: Partial<SeenTask> = {}) => task(id, createdAt, { slot: "n1", ...more });
  const taken = { state: "shutdown", desired: "shutdown" };
  const desired = (...looks: SeenTask[][]) => looks.reduce((history, tasks, index) => look(history, 3_000 + index * 500, [stays, ...tasks], global), start).services[0]?.desired;

  test("the one that was made last", () => {
    expect(desired([on1("old", 1_000, taken), on1("new", 2_000)])).toBe(2);
    expect(desired([on1("old", 1_000), on1("new", 2_000, taken)])).toBe(1);
  });
  test("not one that is seen later, and was made before it", () => {
    const newer = on1("newer", 2_900);
    expect(desired([newer], [newer, on1("older", 2_000, taken)])).toBe(2);
  });
  test("of two made at once, the one that was seen later", () => {
    const first = on1("first", 2_900, taken);
    expect(desired([first], [first, on1("second", 2_900)])).toBe(2);
  });
});

describe("the ends that are remembered", () => {
  const ends = Array.from({ length: 60 }, (_, index) => failed(`t${index}`, 1_000 + index));
  test("are the first and the latest 48, besides what still runs", () => {
    const live = task("live", 2_900);
    const kept = look(look(start, 3_000, [...ends, live]), 4_000, [live]);
    expect(kept.tasks).toHaveLength(50);
    expect(kept.dropped).toEqual({ app: 11 });
  });
  test("and what one that still runs wrote does not count as the latest failure's log", () => {
    const history = look(start, 3_000, [failed("a", 1_000), failed("b", 2_000), task("live", 2_900)]);
    const logged = ["a", "b", "live"].reduce((known, id) => addToTask(known, id, { log: [id] }), history);
    expect(logged.tasks.map(({ log }) => log)).toEqual([["a"], ["b"], ["live"]]);
  });
});

describe("what is known already", () => {
  test("about a task changes nothing", () => {
    const history = addToTask(look(start, 3_000, [failed("a", 1_000)]), "a", { oom: true, log: ["x"] });
    expect(addToTask(history, "a", { oom: true, log: ["x"] })).toBe(history);
  });
  test("stays the very same where a new task is all that is new", () => {
    const history = look(start, 3_000, [failed("a", 1_000)]);
    const after = look(history, 3_500, [failed("a", 1_000), task("b", 3_400)]);
    expect([after.dropped, after.services, after.tasks[0]]).toEqual([history.dropped, history.services, history.tasks[0]]);
    expect(after.dropped).toBe(history.dropped);
    expect(after.tasks[0]).toBe(history.tasks[0]);
  });
  test("of one image's health check is not forgotten with the next image's", () => {
    const checked = { kind: "checked", limitMs: 90_000 } as const;
    const none = { kind: "none", limitMs: null } as const;
    expect(addImageHealth(addImageHealth(start, "app:1", checked), "db:1", none).imageHealth).toEqual({ "app:1": checked, "db:1": none });
  });
});
