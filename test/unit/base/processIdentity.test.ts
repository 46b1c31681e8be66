import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { type ProcessIdentity, stillRuns, thisProcess } from "../../../harness/base/processIdentity.ts";

const here = thisProcess();

test("this process runs", () => {
  expect(stillRuns(here, here)).toBe(true);
});

test("a number that somebody else has by now is not the same process", () => {
  expect(stillRuns({ ...here, started: "1" }, here)).toBe(false);
});

test("one that ended does not run, reaped or not", async () => {
  const child = spawn("true");
  const pid = child.pid ?? 0;
  await once(child, "exit");
  expect(stillRuns({ ...here, pid }, here)).toBe(false);
});

test("a look that fails says nothing: /proc that hides others, no file left to open", () => {
  expect(stillRuns(here, here, () => "unknown")).toBeNull();
  expect(stillRuns(here, here, () => "none")).toBe(false);
});

test.each<[string, Partial<ProcessIdentity>]>([
  ["another boot", { boot: "other" }],
  ["another namespace", { namespace: "pid:[0]" }],
  ["a system that does not tell", { boot: null }],
  ["a process of unknown start", { started: null }],
])("nobody can tell from here: %s", (_, more) => {
  expect(stillRuns({ ...here, ...more }, here)).toBeNull();
});
