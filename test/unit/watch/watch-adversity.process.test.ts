import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FindingError } from "../../../harness/base/errors.ts";
import { Mask } from "../../../harness/base/mask.ts";
import { startWatch, type Watch } from "../../../harness/watch/watch.ts";
import { type Answer, FakeEngine, json, rawService, rawTask } from "./fake-engine.ts";

/** The whole watch against an engine that is slow, or whose events fail while a crash loop goes on. HTTP is real, time is not. */

const realTimeout = globalThis.setTimeout;
const services = ["app"];

let engine: FakeEngine;
let watch: Watch;

beforeEach(async () => {
  engine = await FakeEngine.start();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});

afterEach(async () => {
  await watch.stop();
  vi.useRealTimers();
  await engine.stop();
});

function start(): void {
  watch = startWatch({ docker: engine.docker, stack: "s", dependencies: new Map(), missingImages: [], mask: new Mask(), signal: new AbortController().signal });
}

/** Lets time pass in steps small enough for every poll, and lets what goes over HTTP arrive in each. */
async function pass(seconds: number, done: () => boolean = () => false): Promise<number> {
  const from = performance.now();
  while (performance.now() - from < seconds * 1000 && !done()) {
    await vi.advanceTimersByTimeAsync(25);
    await new Promise((resolve) => realTimeout(resolve, 1));
  }
  return (performance.now() - from) / 1000;
}

const isBroken = () => watch.broken.aborted;
const verdict = () => watch.broken.reason as FindingError;
/** Resolves once the watch has it, with time passing meanwhile. */
async function settles(): Promise<void> {
  let known = false;
  const settled = watch.settled({ timeoutMs: 600_000, services }).then(() => (known = true));
  await pass(60, () => known);
  await settled;
}

function up(): void {
  engine.answers["/services"] = json([rawService("app")]);
  engine.answers["/tasks"] = json([rawTask("t1", "app", "running")]);
}

/** The same answer, so many seconds later. */
const after = (seconds: number, answer: Answer): Answer => (response, request) => void setTimeout(() => answer(response, request), seconds * 1000);

describe("an engine that takes", () => {
  test("30 s for each answer: calls are ended after 5 s, and it is lost, infra", async () => {
    start();
    up();
    await settles();
    const lives: number[] = [];
    engine.answers["/tasks"] = (response, request) => {
      const began = performance.now();
      response.on("close", () => lives.push(Math.round((performance.now() - began) / 1000)));
      after(30, json([rawTask("t1", "app", "running")]))(response, request);
    };
    const lostAfter = await pass(60, isBroken);
    expect(verdict()).toMatchObject({ blame: "infra", reason: { class: "daemon-lost" } });
    expect(verdict().reason.evidence.join("\n")).toContain("did not answer within 5.0 s");
    expect(lostAfter).toBeGreaterThan(19);
    expect(lostAfter).toBeLessThan(30);
    expect(new Set(lives)).toEqual(new Set([5]));
  });

  test("30 s once is waited for: what it said before proves nothing, what it says then does", async () => {
    start();
    up();
    await settles();
    engine.answers["/tasks"] = after(30, json([]));
    let known = false;
    const settled = watch.settled({ timeoutMs: 600_000, services }).then(() => (known = true));
    await pass(12);
    expect(known).toBe(false);
    up();
    await pass(10, () => known);
    await settled;
    expect(isBroken()).toBe(false);
  });

  test("2 s for each answer is slow and not lost", async () => {
    engine.answers["/services"] = after(2, json([rawService("app")]));
    engine.answers["/tasks"] = after(2, json([rawTask("t1", "app", "running")]));
    start();
    await settles();
    await pass(60, isBroken);
    expect(isBroken()).toBe(false);
  });

  test("for ever to send a log, and answers everything else: the verdict comes without it", async () => {
    start();
    engine.answers["/containers"] = () => {};
    await crashes();
    expect(verdict()).toMatchObject({ blame: "recipe", reason: { class: "crash-loop", service: "app" } });
  });

  test("garbage for its own time: the machine's has to do", async () => {
    for (const answer of [json({ SystemTime: "yesterday" }), json(null), ((response) => response.end("<html>")) as Answer]) {
      engine.answers["/info"] = answer;
      start();
      up();
      await settles();
      await watch.stop();
    }
  });
});

/** A task that lives 1 s and fails, each 6 s, for as long as it takes to be a loop. Swarm lists the live one and four ended ones. */
async function crashes(beside: (task: string, at: number) => void = () => {}): Promise<number> {
  const began = performance.now();
  const ended: object[] = [];
  engine.answers["/services"] = json([rawService("app")]);
  for (let round = 1; round <= 8 && !isBroken(); round++) {
    const id = `t${round}`;
    const show = (task: object) => (engine.answers["/tasks"] = json([...ended.slice(-4), task]));
    show(rawTask(id, "app", "running", { container: `c${round}` }));
    await pass(1, isBroken);
    ended.push(rawTask(id, "app", "failed", { desired: "shutdown", exit: 3, error: "task: non-zero exit (3)", container: `c${round}` }));
    show(rawTask(`t${round + 1}`, "app", "ready", { desired: "ready" }));
    beside(id, performance.now());
    await pass(5, isBroken);
  }
  return (performance.now() - began) / 1000;
}

const die = (task: string) => `${JSON.stringify({ Type: "container", Action: "die", Actor: { ID: `c-${task}`, Attributes: { "com.docker.stack.namespace": "s", "com.docker.swarm.task.id": task, exitCode: "3" } } })}\n`;
const write = (text: string) => engine.streams.forEach((stream) => stream.write(text));

describe("a crash loop is known at its fourth failure, all four told once, where events", () => {
  const refuse: Answer = (response) => {
    response.writeHead(500);
    response.end("{}");
  };
  const hang: Answer = () => {};
  const late: string[] = [];
  const ways: readonly [string, { prepare?: () => void; beside?: (task: string) => void }][] = [
    ["come as they should", { beside: (task) => write(die(task)) }],
    ["never come", {}],
    ["can't be had at all", { prepare: () => (engine.answers["/events"] = refuse) }],
    ["are promised and the stream never opens", { prepare: () => (engine.answers["/events"] = hang) }],
    ["drop for seconds, again and again", {
      beside: (task) => {
        write(die(task).slice(0, 40));
        for (const stream of engine.streams) stream.destroy();
        const open = engine.answers["/events"] as Answer;
        engine.answers["/events"] = refuse;
        setTimeout(() => (engine.answers["/events"] = open), 3_000);
      },
    }],
    ["lag by a whole cycle, and come twice", {
      beside: (task) => {
        for (const old of late.splice(0)) write(die(old) + die(old));
        late.push(task);
      },
    }],
    ["are torn apart and mixed with garbage", {
      beside: (task) => {
        const line = die(task);
        write(`\u0000\n{"Type":\n${line.slice(0, 33)}`);
        write(line.slice(33));
        write("[]\nnull\n42\n");
      },
    }],
    ["tell of tasks that nobody ever lists", { beside: () => write(die("stranger")) }],
  ];

  test.each(ways)("%s", async (_, { prepare, beside }) => {
    prepare?.();
    start();
    await pass(0.5);
    const known = await crashes(beside);
    expect(verdict()).toMatchObject({ blame: "recipe", reason: { class: "crash-loop", service: "app" } });
    expect(watch.report()).toMatchObject({ restarts: { app: 4 }, failures: [1, 2, 3, 4].map((round) => ({ task: `t${round}`, exitCode: 3 })) });
    // The fourth failure comes at 19 s, the fifth would at 25 s.
    expect(known).toBeLessThan(24);
  });
});

/** Nothing here is awaited by anybody when it fails: it must not end the process. */
test("a stream that is cut while the watch ends is no crash", async () => {
  start();
  await pass(0.3);
  const [stream] = engine.streams;
  stream?.write("half a li");
  stream?.destroy();
  await watch.stop();
  await pass(0.3);
  expect(isBroken()).toBe(false);
});
