import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BuildEvent } from "../../../harness/build/events.ts";
import { lineOf, plainProgress } from "../../../harness/commands/progress/plain.ts";
import type { Progress } from "../../../harness/commands/progress/types.ts";

let lines: string[];
let progress: Progress;
beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  progress = plainProgress((line) => lines.push(line));
});
afterEach(() => {
  progress.close();
  vi.useRealTimers();
});

const waiting = (line: string, news = true) => progress.emit({ type: "waiting", phase: "install", line, news });
const told = () => lines.splice(0).map((line) => line.trim());

test("what is waited for is told at once, and the same again not at once", () => {
  waiting("db: starting");
  waiting("db: starting");
  expect(told()).toEqual(["… db: starting"]);
});

test("what changes is told, but for what only counts", () => {
  waiting("db: starting (health 1 s of 90 s)");
  for (let s = 2; s < 15; s += 1) {
    vi.advanceTimersByTime(1000);
    waiting(`db: starting (health ${s} s of 90 s)`, false);
  }
  waiting("app: starting");
  expect(told()).toEqual(["… db: starting (health 1 s of 90 s)", "… app: starting"]);
});

test("news that come too soon are told as soon as they may be, the latest only", () => {
  waiting("db: starting");
  vi.advanceTimersByTime(500);
  waiting("app: 1 failure");
  waiting("app: 2 failures");
  waiting("app: 2 failures, 5 s", false);
  vi.advanceTimersByTime(2000);
  expect(told()).toEqual(["… db: starting"]);
  vi.advanceTimersByTime(1000);
  expect(told()).toEqual(["… app: 2 failures, 5 s"]);
  vi.advanceTimersByTime(14_000);
  expect(told()).toEqual([]);
});

test("news that a phase left untold are no news of the next", () => {
  waiting("x");
  waiting("y");
  progress.emit({ type: "phase-end", phase: "install", status: "passed", durationMs: 5 });
  vi.advanceTimersByTime(10_000);
  waiting("z", false);
  expect(told()).toEqual(["… x", "✓ install         5 ms"]);
});

test("a thousand news a minute are no flood", () => {
  for (let i = 0; i < 1000; i += 1) {
    waiting(`pulling layer ${i}`);
    vi.advanceTimersByTime(60);
  }
  const count = told().length;
  expect(count).toBeGreaterThan(4);
  expect(count).toBeLessThan(25);
});

test("a wait in which nothing changes is said again every 15 s, with how long it lasts", () => {
  waiting("the registry's answer");
  vi.advanceTimersByTime(46_000);
  expect(told()).toEqual(["… the registry's answer", "… the registry's answer (for 15.0 s)", "… the registry's answer (for 30.0 s)", "… the registry's answer (for 45.0 s)"]);
});

test("nothing is left running once it is closed", () => {
  progress.close();
  expect(vi.getTimerCount()).toBe(0);
});

test("no wait outlives its phase", () => {
  waiting("x");
  progress.emit({ type: "phase-end", phase: "install", status: "passed", durationMs: 5 });
  vi.advanceTimersByTime(60_000);
  expect(told()).toEqual(["… x", "✓ install         5 ms"]);
});

test.each<[BuildEvent, string | null]>([
  [{ type: "build", run: "r1", source: ".", out: "out" }, "recipe-ci: . · run r1"],
  [{ type: "note", line: "no registry" }, "  no registry"],
  [{ type: "warning", line: "lint: x" }, "  ! lint: x"],
  [{ type: "phase-begin", phase: "lint" }, null],
  [{ type: "phase-end", phase: "lint", status: "failed", durationMs: 12_400 }, "✗ lint          12.4 s"],
  [{ type: "phase-end", phase: "lint", status: "unverified", durationMs: 1 }, "? lint            1 ms"],
  [{ type: "phase-end", phase: "upgrade", status: "skipped", durationMs: 1 }, "- upgrade         1 ms"],
  [{ type: "test", tier: "install", name: "answers", status: "passed" }, null],
  [{ type: "test", tier: "install", name: "answers", status: "failed" }, "    ✗ install: answers"],
  [{ type: "verdict", verdict: "passed", level: 2, results: "x" }, null],
  [{ type: "note", line: "\u001b[2J\u001b[31mred\u0007\nnext\tline" }, "  red nextline"],
])("%o", (event, line) => {
  expect(lineOf(event)).toBe(line);
});
