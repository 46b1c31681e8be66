import { expect, test } from "vitest";
import { FindingError, infra } from "../../../harness/base/errors.ts";
import { endingOf } from "../../../harness/build/ending.ts";
import { Interrupted } from "../../../harness/build/interrupt.ts";
import { EngineTimeout } from "../../../harness/swarm/bounded.ts";

const reason = { class: "crash-loop", service: "app", summary: "app exits", evidence: [], hint: "" };
const coded = (code: string, syscall = "read") => Object.assign(new Error(code), { code, syscall });

test.each<[string, unknown, object]>([
  ["a signal", new Interrupted("signal", "SIGTERM", "by SIGTERM"), { kind: "interrupted", signal: "SIGTERM", message: "by SIGTERM" }],
  ["a reader that went away", new Interrupted("parent-gone", "SIGHUP", "nobody reads"), { kind: "interrupted", signal: "SIGHUP" }],
  ["the deadline", new Interrupted("deadline", null, "too late"), { kind: "timedout", message: "too late" }],
  ["what the judge found", new FindingError("recipe", reason), { kind: "finding", blame: "recipe", reason }],
  ["infra", infra("forge", "no answer", "again"), { kind: "finding", blame: "infra", reason: { class: "forge" } }],
  ["an engine that is gone", coded("ECONNREFUSED", "connect"), { kind: "finding", blame: "infra", reason: { class: "daemon-gone" } }],
  ["its socket is gone", coded("ENOENT", "connect"), { kind: "finding", blame: "infra", reason: { class: "daemon-gone" } }],
  ["an engine that hung up", coded("ECONNRESET"), { kind: "finding", blame: "infra", reason: { class: "daemon-gone" } }],
  ["an engine that was killed in an answer", coded("ECONNABORTED"), { kind: "finding", blame: "infra", reason: { class: "daemon-gone" } }],
  ["an engine that says nothing", new EngineTimeout("docker ps: 20 s"), { kind: "finding", blame: "infra", reason: { class: "engine-silent" } }],
  ["an engine in trouble", Object.assign(new Error("boom"), { statusCode: 500 }), { kind: "finding", blame: "infra", reason: { class: "engine-error" } }],
  ["incident 23: a full disk", coded("ENOSPC", "write"), { kind: "finding", blame: "infra", reason: { class: "disk-full" } }],
  ["a file that is missing is a bug", coded("ENOENT", "open"), { kind: "bug" }],
  ["a refused call is a bug", Object.assign(new Error("no such service"), { statusCode: 404 }), { kind: "bug" }],
  ["anything else is a bug", new TypeError("x is undefined"), { kind: "bug", message: "x is undefined", stack: expect.arrayContaining([expect.stringMatching(/^at /)]) }],
  ["also what is no error", "text", { kind: "bug", message: "text", stack: [] }],
  ["or nothing", undefined, { kind: "bug" }],
])("%s", (_, error, ending) => {
  expect(endingOf(error)).toMatchObject(ending);
});
