import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesOf } from "../../../harness/swarm/logs.ts";
import { unframed } from "../../../harness/swarm/shell/container-shell.ts";

const frame = (stream: 1 | 2, text: string) => {
  const data = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data]);
};

describe("linesOf", () => {
  it("takes frames apart, joins lines that span them, and keeps the streams apart", () => {
    const raw = Buffer.concat([frame(1, "one\ntw"), frame(2, "bad\r\n"), frame(1, "o\nlast")]);
    expect(linesOf(raw)).toEqual([
      { stream: "stdout", text: "one" },
      { stream: "stderr", text: "bad" },
      { stream: "stdout", text: "two" },
      { stream: "stdout", text: "last" },
    ]);
  });

  it("puts a character together that two frames share", () => {
    const [head, tail] = [Buffer.from([1, 0, 0, 0, 0, 0, 0, 1, 0xc3]), Buffer.from([1, 0, 0, 0, 0, 0, 0, 2, 0xa4, 10])];
    expect(linesOf(Buffer.concat([head, tail]))).toEqual([{ stream: "stdout", text: "ä" }]);
  });

  it("takes what has no frames, from a container with a terminal, as it stands", () => {
    expect(linesOf(Buffer.from("hello\r\nworld\r\n"))).toEqual([
      { stream: "stdout", text: "hello" },
      { stream: "stdout", text: "world" },
    ]);
  });

  it("has no lines for no output", () => {
    expect(linesOf(Buffer.alloc(0))).toEqual([]);
  });
});

describe("unframed", () => {
  it("gives the same bytes however chunks cut the stream", () => {
    const pieces = fc.array(fc.tuple(fc.constantFrom(1 as const, 2 as const), fc.string()));
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 20 }), (frames, size) => {
        const raw = Buffer.concat(frames.map(([stream, text]) => frame(stream, text)));
        const got = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
        const feed = unframed({
          stdout: (chunk) => (got.stdout = Buffer.concat([got.stdout, chunk])),
          stderr: (chunk) => (got.stderr = Buffer.concat([got.stderr, chunk])),
        });
        for (let at = 0; at < raw.length; at += size) feed(raw.subarray(at, at + size));
        const want = (stream: 1 | 2) => frames.filter(([s]) => s === stream).map(([, text]) => text).join("");
        expect(got.stdout.toString()).toBe(Buffer.from(want(1)).toString());
        expect(got.stderr.toString()).toBe(Buffer.from(want(2)).toString());
      }),
    );
  });
});
