import assert from "node:assert/strict";
import { type Arbitrary, array, constantFrom, integer, jsonValue, oneof, option, record, string, uint8Array } from "fast-check";
import { ZodError } from "zod";
import { Mask } from "../../../harness/base/mask.ts";
import { linesOf } from "../../../harness/swarm/logs.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { Intake } from "../../../harness/watch/observe/intake.ts";
import { readHealth } from "../../../harness/watch/observe/parse.ts";
import { judge } from "../../../harness/watch/policy.ts";
import { cases, much, orRefused, type Parser } from "../parser.ts";
import { names, pieced, tricks } from "../texts.ts";

const at = Date.parse("2026-01-01T00:00:00.000Z");
const newIntake = () => new Intake({ stack: "s", at, dependencies: new Map([["app", ["db"]]]), missingImages: [], mask: new Mask() });

const odd: Arbitrary<unknown> = oneof(jsonValue({ maxDepth: 2 }), constantFrom(...tricks), constantFrom(-1, 1e308, "", null));
const likely = (wanted: Arbitrary<unknown>) => oneof({ weight: 12, arbitrary: wanted }, { weight: 1, arbitrary: odd });
const maybe = (wanted: Arbitrary<unknown>) => option(likely(wanted), { nil: undefined, freq: 4 });
const ids = oneof(constantFrom("t1", "t2", "app-id", "db-id", "n1"), constantFrom(...tricks));
const stamps = oneof(integer({ min: -5_000, max: 60_000 }).map((ms) => new Date(at + ms).toISOString()), constantFrom("0001-01-01T00:00:00Z", "", "soon"));
const health = maybe(record({ Test: maybe(array(string(), { maxLength: 2 })), Interval: maybe(integer()), Retries: maybe(integer()) }));
const template = maybe(record({ ContainerSpec: maybe(record({ Image: maybe(names), Healthcheck: health })), RestartPolicy: maybe(record({ Condition: maybe(constantFrom("none", "any", "on-failure")), Delay: maybe(integer()) })) }));

const task = record({
  ID: likely(ids), Version: maybe(record({ Index: likely(integer({ min: 0, max: 3 })) })), CreatedAt: likely(stamps), ServiceID: likely(constantFrom("app-id", "db-id", "__proto__")), Slot: maybe(integer({ min: 0, max: 2 })), NodeID: maybe(ids), Spec: template,
  DesiredState: likely(constantFrom("running", "shutdown", "remove", ...tricks)),
  Status: likely(record({ Timestamp: likely(stamps), State: likely(constantFrom("new", "pending", "rejected", "running", "failed", "complete", "shutdown", "orphaned", ...tricks)), Message: maybe(string()), Err: maybe(oneof(string(), constantFrom("No such image: x", "no suitable node (host-mode port already in use on 1 node)", "task: non-zero exit (1)"))), ContainerStatus: maybe(record({ ContainerID: maybe(ids), ExitCode: maybe(integer({ min: 0, max: 255 })) })) })),
});
const service = record({
  ID: likely(ids), Version: likely(record({ Index: likely(integer({ min: 0, max: 3 })) })), CreatedAt: likely(stamps),
  Spec: likely(record({ Name: likely(constantFrom("s_app", "s_db", "s___proto__", "s_constructor", "other")), TaskTemplate: template, Mode: likely(record({ Replicated: maybe(record({ Replicas: likely(integer({ min: 0, max: 3 })) })), Global: maybe(record({})) }, { requiredKeys: [] })), UpdateConfig: maybe(record({ Monitor: maybe(integer()) })), EndpointSpec: maybe(record({ Ports: maybe(array(odd, { maxLength: 2 })) })) })),
  ServiceStatus: maybe(record({ DesiredTasks: likely(integer({ min: 0, max: 3 })), CompletedTasks: likely(integer({ min: 0, max: 3 })) })),
  UpdateStatus: maybe(record({ State: maybe(constantFrom("updating", "paused", "completed", "rollback_completed")), StartedAt: maybe(stamps), Message: maybe(string()) })),
});
const node = record({ ID: likely(ids), Description: maybe(record({ Hostname: likely(names) })), Spec: maybe(record({ Availability: likely(string()) })), Status: maybe(record({ State: likely(string()) })) });

/** An answer of the engine: of the right shape, nearly, JSON of any shape, or bytes. */
function answers(one: Arbitrary<unknown>): Arbitrary<Buffer> {
  return oneof(
    { weight: 12, arbitrary: array(one, { maxLength: 4 }).map((list) => Buffer.from(JSON.stringify(list))) },
    { weight: 1, arbitrary: odd.map((value) => Buffer.from(JSON.stringify(value) ?? "")) },
    { weight: 1, arbitrary: uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
  );
}

/** What the watch takes for an engine that talks nonsense; a RangeError is what is nested too deep. */
const isGarbage = (error: unknown) => error instanceof SyntaxError || error instanceof ZodError || error instanceof RangeError;

export const docker: Parser = {
  name: "Docker's answers",
  cases: cases(array(record({ tasks: answers(task), services: answers(service), nodes: option(answers(node)) }), { minLength: 1, maxLength: 4 }), (rounds) => {
    const intake = newIntake();
    for (const [index, round] of rounds.entries()) {
      const before = intake.history;
      const now = at + index * 500;
      const read = orRefused(() => {
        intake.answers({ askedAt: now, at: now, ...round });
        return true;
      }, isGarbage);
      if (read === null) assert.equal(intake.history, before);
      const judged = judge(intake.history, defaultLimits, now);
      assert.ok(["waiting", "settled", "converged", "failed", "infra"].includes(judged.kind));
      assert.ok(!JSON.stringify(judged).includes("native code"));
    }
  }),
  long: {
    "many tasks": () => {
      const intake = newIntake();
      const tasks = Array.from({ length: 5_000 }, (_, i) => ({ ID: `t${i}`, CreatedAt: new Date(at).toISOString(), ServiceID: "app-id", Slot: i, NodeID: "n1", Spec: {}, DesiredState: "running", Status: { Timestamp: new Date(at).toISOString(), State: "running" } }));
      intake.answers({ askedAt: at, at, tasks: Buffer.from(JSON.stringify(tasks)), services: Buffer.from("[]"), nodes: null });
    },
    "deep JSON": () => void orRefused(() => newIntake().answers({ askedAt: at, at, tasks: Buffer.from(`[{"Spec":${much("[")}`), services: Buffer.from("[]"), nodes: null }), isGarbage),
    "a deep spec": () => {
      const deep = `${much("[", 3_000)}${much("]", 3_000)}`;
      orRefused(() => newIntake().answers({ askedAt: at, at, tasks: Buffer.from(`[{"ID":"a","CreatedAt":"2026-01-01","ServiceID":"x","DesiredState":"running","Spec":${deep},"Status":{"Timestamp":"2026-01-01","State":"running"}}]`), services: Buffer.from("[]"), nodes: null }), isGarbage);
    },
    "an endless error": () => newIntake().silence(much("is wrong \n ", 1_000_000)),
  },
};

export const healthChecks: Parser = {
  name: "health checks",
  cases: cases(oneof(odd, health), (value) => {
    const read = orRefused(() => readHealth(value, "unknown"), isGarbage);
    assert.ok(read === null || ["none", "unknown", "checked"].includes(read.kind));
  }),
  long: {},
};

const frames = array(record({ stream: constantFrom(1, 2), text: oneof(pieced(["a", "\n", "\r\n", "ä", "€"], 6), string()) }), { maxLength: 6 });

function framed(parts: readonly { readonly stream: number; readonly text: string | Buffer }[]): Buffer {
  return Buffer.concat(parts.flatMap(({ stream, text }) => {
    const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return [head, Buffer.from(text)];
  }));
}

export const logs: Parser = {
  name: "logs",
  cases: cases(record({ parts: frames, torn: integer({ min: 0, max: 9 }), raw: uint8Array({ maxLength: 60 }) }), ({ parts, torn, raw }) => {
    const whole = linesOf(framed(parts));
    for (const [stream, name] of [[1, "stdout"], [2, "stderr"]] as const) {
      const text = parts.filter((part) => part.stream === stream).map((part) => part.text).join("").toWellFormed();
      assert.equal(whole.filter((line) => line.stream === name).map((line) => line.text).join("\n"), text.replaceAll("\r\n", "\n").replace(/\n$/, ""));
    }
    // Frames may end in the middle of a character.
    assert.deepEqual(linesOf(framed(parts.flatMap(({ stream, text }) => Array.from(Buffer.from(text), (byte) => ({ stream, text: Buffer.of(byte) }))))), whole);
    linesOf(framed(parts).subarray(0, -torn || undefined));
    linesOf(Buffer.from(raw));
  }),
  long: {
    "frames without a line's end": () => void linesOf(framed(Array.from({ length: 100_000 }, () => ({ stream: 1, text: "x" })))),
    "empty frames": () => void linesOf(framed(Array.from({ length: 100_000 }, () => ({ stream: 1, text: "" })))),
    "one line": () => void linesOf(Buffer.from(much("\r", 1_000_000))),
    "a frame that says it is longer": () => void linesOf(Buffer.from([1, 0, 0, 0, 255, 255, 255, 255, 65])),
  },
};
