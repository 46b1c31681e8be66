import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { getBytes } from "../../../harness/watch/observe/request.ts";
import { type Answer, FakeEngine } from "./fake-engine.ts";

let engine: FakeEngine;
let interrupt: AbortController;

beforeEach(async () => {
  engine = await FakeEngine.start();
  interrupt = new AbortController();
});
afterEach(() => engine.stop());

function ask(answer: Answer, more: Partial<Parameters<typeof getBytes>[2]> = {}): Promise<Buffer> {
  engine.answers["/tasks"] = answer;
  return getBytes(engine.docker, "/tasks", { timeoutMs: 5_000, mostBytes: 1_000_000, signal: interrupt.signal, ...more });
}

/** Sends until the other side hangs up. */
const endless: Answer = (response) => {
  const send = () => {
    while (response.write(Buffer.alloc(50_000, "x")));
  };
  response.on("drain", send);
  send();
};

/** Resolves when the connection that the answer goes over is closed. */
function hungUp(answer: Answer): { answer: Answer; closed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    closed: promise,
    answer: (response, request) => {
      response.on("close", () => resolve());
      answer(response, request);
    },
  };
}

test("the query is sent, the bytes come unparsed", async () => {
  const bytes = await ask((response) => response.end("[ 1,\n2 ] not JSON"), { query: { filters: '{"label":["a=b"]}' } });
  expect(bytes.toString()).toBe("[ 1,\n2 ] not JSON");
  expect(engine.asked.at(-1)).toBe(`/tasks?filters=${encodeURIComponent('{"label":["a=b"]}')}`);
});

describe("an answer compared with the last one", () => {
  const last = Buffer.from("x".repeat(200_000));
  const answered = (text: string) => ask((response) => response.end(text), { last });

  test("of the same bytes is the last one itself", async () => expect(await answered("x".repeat(200_000))).toBe(last));
  test.each([
    ["longer", "x".repeat(200_001)],
    ["shorter", "x".repeat(199_999)],
    ["of another end", `${"x".repeat(199_999)}y`],
    ["of another start", `y${"x".repeat(199_999)}`],
    ["of another middle", `${"x".repeat(100_000)}y${"x".repeat(99_999)}`],
    ["empty", ""],
  ])("%s is what was sent", async (_, text) => {
    const bytes = await answered(text);
    expect(bytes.toString() === text).toBe(true);
    expect(bytes).not.toBe(last);
  });
});

describe("what ends a call, and the connection with it", () => {
  test("more bytes than it may have", async () => {
    const { answer, closed } = hungUp(endless);
    await expect(ask(answer)).rejects.toThrow("/tasks: the engine sends more than 1000000 bytes");
    await closed;
  });

  test("no end in time", async () => {
    const { answer, closed } = hungUp((response) => response.write("["));
    await expect(ask(answer, { timeoutMs: 100 })).rejects.toThrow("the engine did not answer within 100 ms: /tasks");
    await closed;
  });

  test("nothing in time", async () => {
    const { answer, closed } = hungUp(() => {});
    await expect(ask(answer, { timeoutMs: 100 })).rejects.toMatchObject({ name: "EngineTimeout" });
    await closed;
  });

  test("an interrupt, with its reason", async () => {
    const { answer, closed } = hungUp((response) => {
      response.write("[");
      interrupt.abort(new Error("Ctrl-C"));
    });
    await expect(ask(answer)).rejects.toThrow("Ctrl-C");
    await closed;
  });

  test("a refusal, in the engine's words", async () => {
    const refused = ask((response) => response.writeHead(503).end('{"message":"This node is not a swarm manager"}'));
    await expect(refused).rejects.toMatchObject({ statusCode: 503, message: expect.stringContaining("not a swarm manager") });
  });

  test("a refusal without end", async () => {
    await expect(ask((response, request) => { response.writeHead(500); endless(response, request); })).rejects.toThrow("more than 1000000 bytes");
  });

  test("a connection that breaks in the middle", async () => {
    await expect(ask((response) => { response.write("[1"); setTimeout(() => response.destroy(), 20); })).rejects.toThrow("aborted");
  });
});
