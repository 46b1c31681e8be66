import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { orAbort, pause, type Seen, waitFor, WaitTimeout } from "../../../harness/base/wait.ts";

const never = new Promise<never>(() => {});
const notYet = (saw: string): Seen<never> => ({ done: false, saw });
const signal = () => new AbortController().signal;

/** How long it took from the abort to the rejection, with its reason. */
async function afterAbort(waiting: (signal: AbortSignal) => Promise<unknown>): Promise<{ ms: number; reason: unknown }> {
  const controller = new AbortController();
  const ended = waiting(controller.signal).then(() => "no rejection", (error: unknown) => error);
  const reason = new Error("interrupted");
  await new Promise(setImmediate);
  const aborted = performance.now();
  controller.abort(reason);
  return { reason: await ended, ms: performance.now() - aborted };
}

describe("an abort ends it within 100 ms with the signal's own reason", () => {
  test.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ["a wait whose poll never settles", (s) => waitFor(() => never, { what: "x", timeoutMs: 60_000, signal: s })],
    ["a wait that pauses between polls", (s) => waitFor(async () => notYet("no"), { what: "x", timeoutMs: 60_000, intervalMs: 50_000, maxIntervalMs: 50_000, signal: s })],
    ["a pause", (s) => pause(60_000, s)],
    ["a promise that never settles", (s) => orAbort(never, s)],
  ])("%s", async (_, waiting) => {
    // The quickest of five: a machine that is busy with something else stalls one, and a wait that sleeps on stalls all.
    const took = [];
    for (let tries = 0; tries < 5; tries += 1) {
      const { ms, reason } = await afterAbort(waiting);
      expect(reason).toEqual(new Error("interrupted"));
      took.push(ms);
    }
    expect(Math.min(...took)).toBeLessThan(100);
  });

  test("one that is aborted already never polls", async () => {
    const poll = vi.fn<() => Promise<Seen<never>>>(async () => notYet("no"));
    await expect(waitFor(poll, { what: "x", timeoutMs: 1000, signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
    expect(poll).not.toHaveBeenCalled();
    await expect(orAbort(Promise.reject(new Error("late")), AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  });
});

describe("with a clock of the test's own", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function pollTimes(o: { timeoutMs: number; intervalMs?: number; maxIntervalMs?: number }): Promise<{ at: number[]; error: unknown }> {
    const began = performance.now();
    const at: number[] = [];
    const poll = async () => {
      at.push(Math.round(performance.now() - began));
      return notYet(`look ${at.length}`);
    };
    const ended = waitFor(poll, { what: "the page", signal: signal(), ...o }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(o.timeoutMs + 5000);
    return { at, error: await ended };
  }

  test("it polls at once, then after 100 ms growing by half to 1 s, and once more when the time is over", async () => {
    const { at } = await pollTimes({ timeoutMs: 4600 });
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(at[0]).toBe(0);
    for (const [index, ms] of [100, 150, 225, 337.5, 506, 759, 1000].entries()) expect(Math.abs((pauses[index] ?? 0) - ms)).toBeLessThan(3);
    expect(at.at(-1)).toBeCloseTo(4600, -1);
  });

  test("intervals are the caller's where given", async () => {
    const { at } = await pollTimes({ timeoutMs: 100, intervalMs: 10, maxIntervalMs: 20 });
    expect(at.slice(0, 5)).toEqual([0, 10, 25, 45, 65]);
  });

  test("a timeout says what for, how long, and what was seen last", async () => {
    const { at, error } = await pollTimes({ timeoutMs: 3000 });
    expect(error).toBeInstanceOf(WaitTimeout);
    expect(error).toMatchObject({ what: "the page", saw: `look ${at.length}`, waitedMs: 3000, message: `gave up waiting for the page after 3.0 s; last saw: look ${at.length}` });
  });

  test("a look that never ends is a timeout too", async () => {
    const poll = vi.fn<() => Promise<Seen<never>>>().mockResolvedValueOnce(notYet("HTTP 502")).mockReturnValue(never);
    const ended = waitFor(poll, { what: "the page", timeoutMs: 3000, signal: signal() }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(2999);
    expect(poll).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1001);
    expect(await ended).toMatchObject({ name: "WaitTimeout", saw: "HTTP 502 (and the last look did not end)" });
  });

  test("what it saw is told once for each change", async () => {
    const told: string[] = [];
    const looks = ["a", "a", "b", "b", "a"];
    const poll = async (): Promise<Seen<number>> => (looks.length > 0 ? notYet(looks.shift() ?? "") : { done: true, value: 7 });
    const ended = waitFor(poll, { what: "x", timeoutMs: 60_000, signal: signal(), onSaw: (saw) => told.push(saw) });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await ended).toBe(7);
    expect(told).toEqual(["a", "b", "a"]);
  });

  test("what the poll throws ends the wait", async () => {
    const poll = async () => Promise.reject(new Error("the daemon is gone"));
    await expect(waitFor(poll, { what: "x", timeoutMs: 1000, signal: signal() })).rejects.toThrow("the daemon is gone");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("no timer is left behind", async () => {
    expect(await waitFor(async () => ({ done: true, value: 1 }), { what: "x", timeoutMs: 1000, signal: signal() })).toBe(1);
    await afterAbortOf(pause);
    expect(vi.getTimerCount()).toBe(0);
  });

  async function afterAbortOf(pausing: typeof pause): Promise<void> {
    const controller = new AbortController();
    const ended = pausing(1000, controller.signal).catch(() => {});
    controller.abort(new Error("x"));
    await ended;
  }
});

test("listeners do not pile up on a signal that outlives many waits", async () => {
  const long = new AbortController().signal;
  const [add, remove] = [vi.spyOn(long, "addEventListener"), vi.spyOn(long, "removeEventListener")];
  for (let i = 0; i < 20; i += 1) await orAbort(Promise.resolve(i), long);
  await new Promise(setImmediate);
  expect(remove.mock.calls.length).toBe(add.mock.calls.length);
});
