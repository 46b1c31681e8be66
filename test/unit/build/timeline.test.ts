import { array, assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../../../harness/base/clock.ts";
import { Timeline } from "../../../harness/build/timeline.ts";

/** A clock that stands still until told. The wall clock may jump; the monotonic one only grows. */
class HandClock implements Clock {
  now = 1000.25;
  wallMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  monotonic = () => this.now;
  wall = () => this.wallMs;

  pass(ms: number): void {
    this.now += ms;
    this.wallMs += ms;
  }
}

test("phases are disjoint, in order, without gaps, and add up to the build, whatever rounding does", () => {
  const tenths = integer({ min: 0, max: 50_000 });
  assert(
    property(array(tenths, { minLength: 1, maxLength: 30 }), array(tenths, { minLength: 30, maxLength: 30 }), (lengths, gaps) => {
      const clock = new HandClock();
      const timeline = new Timeline(clock);
      for (const [index, length] of lengths.entries()) {
        clock.pass((gaps[index] ?? 0) / 10);
        timeline.begin(`phase ${index}`);
        clock.pass(length / 10);
        timeline.end("passed");
      }
      const { phases, durationMs, startedAt, finishedAt } = timeline.summary();
      expect(phases.reduce((sum, phase) => sum + phase.durationMs, 0)).toBe(durationMs);
      let at = Date.parse(startedAt);
      for (const phase of phases) {
        expect(Date.parse(phase.startedAt)).toBe(at);
        at += phase.durationMs;
      }
      expect(Date.parse(finishedAt)).toBe(at);
    }),
  );
});

test("a wall clock that jumps moves no phase", () => {
  const clock = new HandClock();
  const timeline = new Timeline(clock);
  timeline.begin("a");
  clock.pass(1000);
  clock.wallMs -= 3_600_000;
  timeline.end("passed");
  timeline.begin("b");
  clock.pass(500);
  timeline.end("passed");
  expect(timeline.summary()).toMatchObject({
    startedAt: "2026-01-02T03:04:05.000Z",
    finishedAt: "2026-01-02T03:04:06.500Z",
    durationMs: 1500,
    phases: [{ name: "a", durationMs: 1000 }, { name: "b", startedAt: "2026-01-02T03:04:06.000Z", durationMs: 500 }],
  });
});

test("spans are recorded also when they throw", async () => {
  const clock = new HandClock();
  const timeline = new Timeline(clock);
  timeline.begin("install");
  await timeline.span("deploy", async () => clock.pass(20));
  const failing = timeline.span("settle", async () => {
    clock.pass(30);
    throw new Error("crash loop");
  });
  await expect(failing).rejects.toThrow("crash loop");
  expect(timeline.end("failed")).toMatchObject({ status: "failed", durationMs: 50, spans: [{ name: "deploy", durationMs: 20 }, { name: "settle", durationMs: 30 }] });
});

test("a span outside of any phase is nobody's, and gives its value all the same", async () => {
  expect(await new Timeline(new HandClock()).span("x", async () => 7)).toBe(7);
});

test("phases never overlap: a second begin and an end too many are bugs", () => {
  const timeline = new Timeline(new HandClock());
  expect(() => timeline.end("passed")).toThrow("no phase to end");
  timeline.begin("a");
  expect(timeline.phase).toBe("a");
  expect(() => timeline.begin("b")).toThrow("phase b begins inside phase a");
  timeline.end("passed");
  expect(timeline.phase).toBeNull();
});
