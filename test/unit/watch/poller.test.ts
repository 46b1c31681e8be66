import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Poller } from "../../../harness/watch/observe/poller.ts";

/** When it looks, on a clock that the test moves. */

let stop: AbortController;
let polls: number[];
let tookMs: number;
let unheard: boolean;
let poller: Poller;
const clock = { monotonic: () => performance.now(), wall: () => Date.now() };

beforeEach(() => {
  vi.useFakeTimers();
  [stop, polls, tookMs, unheard] = [new AbortController(), [], 0, false];
  const poll = async () => {
    polls.push(performance.now());
    if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
  };
  poller = new Poller({ poll, unheard: () => unheard, clock, signal: stop.signal });
});
afterEach(async () => {
  stop.abort();
  await vi.runAllTimersAsync();
  vi.useRealTimers();
});

/** Gaps between the looks of the next `ms`, milliseconds: to the next ten, since timers know no fractions. */
async function gaps(ms: number): Promise<number[]> {
  const before = polls.length;
  await vi.advanceTimersByTimeAsync(ms);
  return polls.slice(Math.max(1, before)).map((at, index) => 10 * Math.round((at - (polls[Math.max(1, before) + index - 1] ?? 0)) / 10));
}

test("every 500 ms while nothing wakes it, every 300 ms where nothing could", async () => {
  void poller.run();
  expect(await gaps(2_100)).toEqual([500, 500, 500, 500]);
  unheard = true;
  expect((await gaps(2_000)).slice(1)).toEqual([300, 300, 300, 300, 300]);
});

test("at once when woken, then every 30 ms for a second, then as before", async () => {
  void poller.run();
  await gaps(1_200);
  poller.wake();
  const [first, ...rest] = await gaps(2_200);
  expect(first).toBe(200);
  expect(rest.slice(0, 33)).toEqual(Array.from({ length: 33 }, () => 30));
  expect(rest.slice(-2)).toEqual([500, 500]);
});

test("woken twice within 30 ms it looks again after 30 ms, not sooner", async () => {
  void poller.run();
  await gaps(1_200);
  poller.wake();
  await vi.advanceTimersByTimeAsync(10);
  poller.wake();
  expect((await gaps(100)).slice(0, 2)).toEqual([30, 30]);
});

test("an engine that takes long to answer is not asked again at once, but every 500 ms at the least", async () => {
  void poller.run();
  tookMs = 100;
  await gaps(600);
  poller.wake();
  expect((await gaps(900)).slice(1)).toEqual([200, 200, 200, 200]);
  tookMs = 450;
  await gaps(1_000);
  poller.wake();
  expect((await gaps(1_500)).slice(1)).toEqual([500, 500]);
});

test("a look asked for ends with a poll that began after it was asked for", async () => {
  tookMs = 100;
  void poller.run();
  await vi.advanceTimersByTimeAsync(50);
  let done = false;
  void poller.look().then(() => (done = true));
  await vi.advanceTimersByTimeAsync(60);
  expect([polls.length, done]).toEqual([1, false]);
  await vi.advanceTimersByTimeAsync(200);
  expect([polls.length, done]).toEqual([2, true]);
});

test("ending it ends those who wait for a look, and all looks", async () => {
  const ran = poller.run();
  await gaps(600);
  const look = poller.look();
  stop.abort();
  await Promise.all([ran, look, poller.look()]);
  expect(await gaps(5_000)).toEqual([]);
});
