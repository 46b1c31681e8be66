import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Build } from "../../../harness/build/context.ts";
import { failureFiles } from "../../../harness/build/app/failureFiles.ts";
import type { SavedFailure } from "../../../harness/watch/watch.ts";
import { request } from "./request.ts";

const failure: SavedFailure = {
  change: "deploy again", which: "first", service: "app", slot: "1", task: "8k2j1hx0ab12", at: "2026-01-01T00:00:00.000Z",
  exitCode: 7, error: "task: non-zero exit (7)", excusedBy: null, log: ["password is hunter2-hunter2", "bye"],
};

let out: string;
let build: Build;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "recipe-ci-failures-"));
  build = new Build({ ...request, out }, () => {}, new AbortController().signal, "r1");
  build.mask.add("hunter2-hunter2");
});

afterEach(() => rmSync(out, { recursive: true, force: true }));

test("a failure is on disk when the call returns, masked, and listed once", () => {
  const save = failureFiles(build, "head");
  save({ ...failure, log: [] });
  const path = "watch/head-deploy-again/app.1.first.log";
  expect(readFileSync(join(out, path), "utf8")).toContain("no log lines");
  save(failure);
  expect(readFileSync(join(out, path), "utf8")).toBe([
    "first failure of app, slot 1, since: deploy again",
    "task 8k2j1hx0ab12, ended 2026-01-01T00:00:00.000Z",
    "exit code 7",
    "error: task: non-zero exit (7)",
    "",
    "last 2 log lines:",
    "password is •••",
    "bye",
    "",
  ].join("\n"));
  expect(build.findings.artifacts).toEqual([{ kind: "failure-log", path }]);
});

test("a name can't lead out of the folder", () => {
  failureFiles(build, "head")({ ...failure, service: "../../x", slot: "/y" });
  expect(build.findings.artifacts).toEqual([{ kind: "failure-log", path: "watch/head-deploy-again/..-..-x.-y.first.log" }]);
});

test("what can't be written is one warning, and the watch goes on", () => {
  writeFileSync(join(out, "watch"), "in the way");
  const save = failureFiles(build, "head");
  save(failure);
  save(failure);
  expect(build.findings.warnings).toHaveLength(1);
  expect(build.findings.artifacts).toEqual([]);
});
