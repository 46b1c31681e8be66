import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mask } from "../../../harness/base/mask.ts";
import { addPoll, addSilence, beginChange, declare } from "../../../harness/watch/history.ts";
import { Intake } from "../../../harness/watch/observe/intake.ts";
import { readNodes, ServiceReader, TaskReader } from "../../../harness/watch/observe/parse.ts";
import type { History } from "../../../harness/watch/types.ts";
import { rawService, rawTask } from "./fake-engine.ts";

/** From bytes as an engine sends them to the history, with no engine and no time but what comes with them. */

const at = Date.now();
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const node = { ID: "n1", Description: { Hostname: "node1" }, Status: { State: "ready" } };

function opened(): Intake {
  const mask = new Mask();
  mask.add("hunter2-hunter2");
  const intake = new Intake({ stack: "s", at, dependencies: new Map(), missingImages: [], mask });
  intake.opened();
  return intake;
}

const versioned = (index: number, task: object) => ({ ...task, Version: { Index: index } });

function look(intake: Intake, ms: number, tasks: readonly object[], services: readonly object[] = [rawService("app")]): void {
  intake.answers({ askedAt: at + ms - 5, at: at + ms, tasks: bytes(tasks), services: bytes(services), nodes: null });
}

const container = (action: string, task: string, more: object = {}) => ({
  Type: "container",
  Action: action,
  Actor: { ID: `container of ${task}`, Attributes: { "com.docker.stack.namespace": "s", "com.docker.swarm.task.id": task, ...more } },
});
const lines = (...events: readonly object[]) => Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
const shown = ({ history }: Intake) => history.tasks.map(({ id, state, exitCode }) => [id, state, exitCode]);

describe("answers", () => {
  test("become services, tasks and nodes", () => {
    const intake = opened();
    intake.answers({ askedAt: at, at, tasks: bytes([rawTask("t1", "app", "running")]), services: bytes([rawService("app")]), nodes: bytes([node]) });
    expect(intake.history).toMatchObject({
      services: [{ name: "app" }],
      tasks: [{ id: "t1", service: "app", state: "running" }],
      nodes: [{ name: "node1", ready: true }],
      daemon: { answeredAt: at, failedAttempts: 0 },
    });
  });

  test.each([
    ["no JSON", "tasks", Buffer.from("<html>502</html>"), "is not valid JSON"],
    ["torn JSON", "services", bytes([rawService("app")]).subarray(0, 40), "in JSON"],
    ["nothing", "tasks", Buffer.alloc(0), "end of JSON"],
    ["another shape", "nodes", bytes({ message: "no leader" }), "expected array"],
    ["a task without an id", "tasks", bytes([rawTask("t1", "app", "running"), { Status: {} }]), "expected string"],
    ["null among tasks", "tasks", bytes([null]), "expected object"],
  ])("%s in the answer to /%s throws, and the history stays as it was", (_, which, garbage, words) => {
    const intake = opened();
    look(intake, 0, [rawTask("t1", "app", "running")]);
    const before = intake.history;
    const good = { tasks: bytes([]), services: bytes([rawService("app")]), nodes: bytes([]) };
    expect(() => intake.answers({ askedAt: at, at: at + 100, ...good, [which]: garbage })).toThrow(words);
    expect(intake.history).toBe(before);
    intake.silence("garbage");
    expect(intake.history.daemon).toEqual({ answeredAt: at, failedAttempts: 1, lastError: "garbage" });
  });

  test("what is wrong with a thousand entries is one short line, and masked", () => {
    const intake = opened();
    intake.silence(`hunter2-hunter2\n${"is wrong,\n".repeat(1_000)}`);
    expect(intake.history.daemon.lastError).toMatch(/^••• is wrong, [^\n]{200,300}$/);
    expect(intake.history.daemon.lastError?.length).toBe(300);
  });

  test("garbage is read again each time: it does not count as known", () => {
    const intake = opened();
    for (let turn = 0; turn < 2; turn++) expect(() => look(intake, turn, [{}])).toThrow("expected string");
  });

  test("an answer after garbage counts, also where it says what was said before", () => {
    const intake = opened();
    look(intake, 0, [rawTask("t1", "app", "running", { at })]);
    expect(() => look(intake, 1, [{}])).toThrow("expected string");
    look(intake, 2, [rawTask("t1", "app", "failed", { at, exit: 4, desired: "shutdown" })]);
    expect(shown(intake)).toEqual([["t1", "failed", 4]]);
  });

  test("a task whose version moved is read anew, one whose version stands is the same object", () => {
    const intake = opened();
    const calm = versioned(3, rawTask("t1", "app", "running", { at }));
    look(intake, 0, [calm, versioned(4, rawTask("t2", "app", "running", { at, slot: 2 }))]);
    const [first] = intake.history.tasks;
    look(intake, 500, [calm, versioned(5, rawTask("t2", "app", "failed", { at, slot: 2, exit: 2 }))]);
    expect(shown(intake)).toEqual([["t1", "running", null], ["t2", "failed", 2]]);
    expect(intake.history.tasks[0]).toBe(first);
  });

  test("a round that says nothing new leaves every object as it is, but for when the engine last answered", () => {
    const intake = opened();
    const ended = rawTask("t1", "app", "failed", { at, exit: 1, desired: "shutdown" });
    const round = (ms: number) =>
      intake.answers({ askedAt: at + ms, at: at + ms, tasks: bytes([ended, rawTask("t2", "app", "running", { at })]), services: bytes([service]), nodes: bytes([node]) });
    const service = rawService("app");
    round(0);
    intake.learn("t1", { log: ["a line"] });
    round(500);
    const before = intake.history;
    for (const ms of [600, 700, 1_000]) round(ms);
    const { daemon, ...rest } = intake.history;
    for (const [key, value] of Object.entries(rest)) expect(value, key).toBe(before[key as keyof typeof before]);
    expect(daemon.answeredAt).toBe(at + 1_000);
  });

  test("whatever comes again and again, and whatever is declared meanwhile, leaves what reading all of it would", () => {
    const lists = fc.subarray(["t1", "t2", "t3"]).chain((ids) => fc.tuple(...ids.map((id) => fc.constantFrom("running", "failed", "starting").map((state) => rawTask(id, "app", state, { at, slot: Number(id.slice(1)) })))));
    const round = fc.record({ tasks: lists, services: fc.constantFrom([rawService("app")], [rawService("app", { Version: { Index: 8 } })], []), nodes: fc.constantFrom(null, [node], [{ ...node, Status: { State: "down" } }], []) });
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ round: fc.nat(2), times: fc.integer({ min: 1, max: 4 }) }) },
      fc.constantFrom("change" as const, "silence" as const, "dependencies" as const),
    );
    fc.assert(fc.property(fc.array(round, { minLength: 3, maxLength: 3 }), fc.array(step, { maxLength: 12 }), (rounds, steps) => {
      const intake = opened();
      let expected = intake.history;
      const both = (change: (history: History) => History) => {
        intake.declare(change);
        expected = change(expected);
      };
      let now = at;
      for (const one of steps) {
        now += 500;
        if (one === "change") both((history) => beginChange(history, "upgrade", now));
        else if (one === "dependencies") both((history) => declare(history, { dependencies: new Map([["app", [`db${now}`]]]), overlaid: [] }));
        else if (one === "silence") {
          intake.silence("no answer");
          expected = addSilence(expected, "no answer");
        } else {
          const { tasks, services, nodes } = rounds[one.round] as typeof rounds[number];
          for (let turn = 0; turn < one.times; turn++) {
            now += 30;
            intake.answers({ askedAt: now, at: now, tasks: bytes(tasks), services: bytes(services), nodes: nodes && bytes(nodes) });
            const poll = { askedAt: now, at: now, tasks: new TaskReader((text) => text).read(tasks), services: new ServiceReader("s").read(services), nodes: nodes && readNodes(nodes) };
            expected = addPoll(expected, poll);
          }
        }
      }
      expect(intake.history).toEqual(expected);
    }), { numRuns: 200 });
  });

  test("errors and messages are masked", () => {
    const intake = opened();
    look(intake, 0, [rawTask("t1", "app", "failed", { error: "starting --password=hunter2-hunter2" })]);
    expect(intake.history.tasks[0]?.error).toBe("starting --password=•••");
  });
});

describe("events", () => {
  const three = lines(container("start", "t1"), container("oom", "t1"), container("die", "t1", { exitCode: "137", name: "zwölf" }));
  const kinds = (intake: Intake, chunks: readonly Uint8Array[]) => chunks.flatMap((chunk) => intake.events(chunk, at)).map(({ kind }) => kind);

  test("are told however the stream is cut, in the middle of a character too", () => {
    fc.assert(fc.property(fc.array(fc.nat(three.length), { maxLength: 12 }), (cuts) => {
      const sorted = [0, ...cuts.toSorted((a, b) => a - b), three.length];
      const chunks = sorted.slice(1).map((end, index) => three.subarray(sorted[index], end));
      expect(kinds(opened(), chunks)).toEqual(["wake", "oom", "die"]);
    }), { numRuns: 200 });
  });

  test("of other stacks, without JSON, or torn by a dropped connection say nothing", () => {
    const intake = opened();
    const foreign = { Type: "container", Action: "die", Actor: { ID: "c", Attributes: { "com.docker.stack.namespace": "other" } } };
    const alike = { Type: "service", Action: "update", Actor: { Attributes: { name: "s2_app" } } };
    expect(kinds(intake, [lines(foreign, alike), Buffer.from("not json\nnull\n3\n")])).toEqual([]);
    expect(kinds(intake, [three.subarray(0, 30)])).toEqual([]);
    intake.opened();
    expect(kinds(intake, [three])).toEqual(["wake", "oom", "die"]);
  });

  test("a stream without line ends is not kept for ever, and the next line is understood", () => {
    const intake = opened();
    const endless = Buffer.alloc(300_000, "x");
    for (let turn = 0; turn < 8; turn++) intake.events(endless, at);
    expect(kinds(intake, [Buffer.from("\n"), three])).toEqual(["wake", "oom", "die"]);
  });

  test("repeated and late ones change nothing", () => {
    const intake = opened();
    look(intake, 0, [rawTask("t1", "app", "failed", { at, exit: 1 })]);
    const { tasks } = intake.history;
    kinds(intake, [lines(container("die", "t1", { exitCode: "9" })), lines(container("die", "t1", { exitCode: "9" }))]);
    look(intake, 500, [rawTask("t1", "app", "failed", { at, exit: 1 })]);
    expect(intake.history.tasks).toEqual(tasks);
  });
});

describe("facts that come before, or instead of, what a list shows", () => {
  test("what its health check came to last", () => {
    const intake = opened();
    look(intake, 0, [rawTask("t1", "app", "starting", { at })]);
    intake.events(lines(container("health_status: unhealthy", "t1")), at + 10);
    expect(intake.history.tasks[0]).toMatchObject({ unhealthy: true });
    intake.events(lines(container("health_status: healthy", "t1")), at + 20);
    expect(intake.history.tasks[0]).toMatchObject({ unhealthy: false });
  });

  test("a memory kill and a log are kept for a task that no answer has listed yet", () => {
    const intake = opened();
    look(intake, 0, []);
    intake.events(lines(container("oom", "t1")), at + 10);
    intake.learn("t1", { log: ["password hunter2-hunter2 refused"] });
    look(intake, 50, [rawTask("t1", "app", "failed", { at, exit: 137 })]);
    expect(intake.history.tasks[0]).toMatchObject({ oom: true, log: ["password ••• refused"] });
  });

  test("a task that was replaced before anybody saw its end ended when its container did, with its code", () => {
    const intake = opened();
    look(intake, 0, [rawTask("t1", "app", "running", { at })]);
    intake.events(lines(container("die", "t1", { exitCode: "3" })), at + 1_200);
    look(intake, 1_500, [rawTask("t2", "app", "running", { at })]);
    expect(intake.history.tasks[0]).toMatchObject({ id: "t1", gone: true, exitCode: 3, endedAt: at + 1_200 });
  });

  test("what a list says about an end wins", () => {
    const intake = opened();
    look(intake, 0, [rawTask("t1", "app", "running", { at })]);
    intake.events(lines(container("die", "t1", { exitCode: "3" })), at + 100);
    look(intake, 300, [rawTask("t1", "app", "failed", { at: at + 250, exit: 5 })]);
    look(intake, 600, []);
    expect(intake.history.tasks[0]).toMatchObject({ exitCode: 5, endedAt: at + 250 });
  });
});
