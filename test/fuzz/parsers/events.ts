import assert from "node:assert/strict";
import { type Arbitrary, array, constantFrom, jsonValue, nat, oneof, option, record, string, uint8Array } from "fast-check";
import { splitLines } from "../../../harness/base/command.ts";
import { Mask } from "../../../harness/base/mask.ts";
import { Intake } from "../../../harness/watch/observe/intake.ts";
import { cases, much, type Parser } from "../parser.ts";
import { names, pieced, tricks } from "../texts.ts";

const at = Date.parse("2026-01-01T00:00:00.000Z");
const odd: Arbitrary<unknown> = oneof(jsonValue({ maxDepth: 2 }), constantFrom(...tricks));
const likely = (wanted: Arbitrary<unknown>) => oneof({ weight: 8, arbitrary: wanted }, { weight: 1, arbitrary: odd });
const maybe = (wanted: Arbitrary<unknown>) => option(likely(wanted), { nil: undefined, freq: 6 });
const event = record({
  Type: maybe(constantFrom("container", "service", "node", ...tricks)),
  Action: maybe(constantFrom("die", "oom", "start", "health_status: unhealthy", "health_status: healthy", ...tricks)),
  Actor: maybe(record({
    ID: maybe(names),
    Attributes: maybe(record({ "com.docker.stack.namespace": maybe(constantFrom("s")), "com.docker.swarm.task.id": maybe(oneof(constantFrom("t1"), names)), exitCode: maybe(constantFrom("0", "137", "x", "999999999999999999999")), name: maybe(oneof(constantFrom("s_app", "zwölf €"), names)) })),
  })),
});
const line = oneof({ weight: 8, arbitrary: event.map((one) => JSON.stringify(one)) }, { weight: 1, arbitrary: odd.map((one) => JSON.stringify(one) ?? "") }, { weight: 1, arbitrary: string({ unit: "binary" }) });
const stream = array(line, { maxLength: 6 }).map((lines) => Buffer.from(lines.map((one) => `${one}\n`).join("")));

const newIntake = () => {
  const intake = new Intake({ stack: "s", at, dependencies: new Map(), missingImages: [], mask: new Mask() });
  intake.opened();
  return intake;
};
const told = (chunks: readonly Uint8Array[]) => {
  const intake = newIntake();
  return { notices: chunks.flatMap((chunk) => intake.events(chunk, at)), history: intake.history };
};

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const sorted = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

export const events: Parser = {
  name: "event chunks",
  cases: cases(record({ bytes: stream, cuts: array(nat(5_000), { maxLength: 8 }), noise: uint8Array({ maxLength: 30 }) }), ({ bytes, cuts, noise }) => {
    const whole = told([bytes]);
    assert.deepEqual(told(cutAt(bytes, cuts)), whole);
    assert.deepEqual(told(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
    for (const { kind } of whole.notices) assert.ok(["die", "oom", "health", "wake"].includes(kind));
    told([noise, Buffer.from("\n"), bytes]);
  }),
  long: {
    "no line's end, in many chunks": () => {
      const intake = newIntake();
      for (let count = 0; count < 10_000; count += 1) intake.events(Buffer.from("x".repeat(100)), at);
    },
    "one long line": () => void told([Buffer.from(`${much("x", 1_000_000)}\n`)]),
    "many lines": () => void told([Buffer.from(much("{}\n", 1_000_000))]),
    "line ends alone": () => void told([Buffer.from(much("\r", 1_000_000))]),
  },
};

const split = (chunks: readonly (string | Uint8Array)[]) => {
  const found: string[] = [];
  const push = splitLines((one) => found.push(one));
  for (const chunk of chunks) push(chunk);
  push.end();
  return found;
};

export const lines: Parser = {
  name: "lines",
  cases: cases(record({ text: pieced(["\n", "\r\n", "\r", "a", "ä€😀", "x y"], 30), cuts: array(nat(200), { maxLength: 6 }) }), ({ text, cuts }) => {
    const bytes = Buffer.from(text);
    const whole = split([bytes]);
    assert.deepEqual(split(cutAt(bytes, cuts)), whole);
    assert.deepEqual(split(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
    assert.deepEqual(whole.join("\n"), text.toWellFormed().replaceAll("\r\n", "\n").replace(/\n$/, ""));
  }),
  long: {
    "no line's end, byte by byte": () => void split(Array.from({ length: 100_000 }, () => "x")),
    "no line's end, chunk by chunk": () => void split(Array.from({ length: 500 }, () => "x".repeat(65_536))),
    "half line ends": () => void split(Array.from({ length: 100_000 }, () => "\r")),
  },
};
