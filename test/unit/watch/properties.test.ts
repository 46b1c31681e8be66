import { assert, constantFrom, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { addDisturbance, addPoll } from "../../../harness/watch/history.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { isLive } from "../../../harness/watch/policy/failures.ts";
import { viewOf } from "../../../harness/watch/policy/view.ts";
import { judge } from "../../../harness/watch/policy.ts";
import type { History, Judgement, Limits } from "../../../harness/watch/types.ts";
import { historyOf, pollsOf, stories, type Story } from "./stories.ts";

/** What holds for every history, whatever happened. */

const runs = { numRuns: 200 };
const isRed = (judged: Judgement): judged is Extract<Judgement, { reason: unknown }> => "reason" in judged;
const judged = (story: Story, limits: Limits = defaultLimits): Judgement => {
  const { history, now } = historyOf(story);
  return judge(history, limits, now);
};

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const one of Object.values(value)) frozen(one);
  }
  return value;
}

describe("the judge", () => {
  test("changes nothing and says the same of equal histories", () => {
    assert(property(stories, (story) => {
      const { history, now } = historyOf(story);
      const copy = structuredClone(history);
      expect(judge(frozen(history), frozen(defaultLimits), now)).toEqual(judge(copy, defaultLimits, now));
      expect(judge(history, defaultLimits, now)).toEqual(judge(copy, defaultLimits, now));
    }), runs);
  });

  test("knows no clock but the one it is given: all times shifted shift the verdict with them", () => {
    assert(property(stories, (story) => {
      const here = judged(story);
      const { history, now } = historyOf(story, { shift: 86_400_000 });
      const there = judge(history, defaultLimits, now);
      expect(there.kind).toBe(here.kind);
      if (isRed(here) && isRed(there)) {
        expect([there.reason.class, there.reason.service, there.slot, there.at]).toEqual([here.reason.class, here.reason.service, here.slot, here.at + 86_400_000]);
      }
    }), runs);
  });

  test("dates no verdict later than now, nor before the change", () => {
    assert(property(stories, (story) => {
      const { history, now } = historyOf(story);
      const one = judge(history, defaultLimits, now);
      if (isRed(one)) expect(one.at).toBeLessThanOrEqual(now);
      if (isRed(one)) expect(one.at).toBeGreaterThanOrEqual(history.change.at);
      if (one.kind === "settled" || one.kind === "converged") expect(one.since).toBeLessThanOrEqual(now);
    }), runs);
  });

  test("says of each verdict whom, why and what next", () => {
    assert(property(stories, (story) => {
      const one = judged(story);
      if (!isRed(one)) return;
      expect(["app", "db"]).toContain(one.reason.service);
      expect(one.reason.summary).not.toBe("");
      expect(one.reason.hint).not.toBe("");
      expect(one.reason.evidence.length).toBeGreaterThan(0);
    }), runs);
  });
});

describe("green", () => {
  test("never with an open streak, nor with anything missing", () => {
    assert(property(stories, (story) => {
      const { history, now } = historyOf(story);
      const one = judge(history, defaultLimits, now);
      if (one.kind !== "settled" && one.kind !== "converged") return;
      for (const { slots, record } of viewOf(history, defaultLimits, now).services.values()) {
        expect(slots.length).toBe(record.desired);
        for (const { latest, streak } of slots) if (isLive(latest)) expect(streak).toEqual([]);
      }
    }), runs);
  });

  test("and converged only after the window", () => {
    assert(property(stories, (story) => {
      const { history, now } = historyOf(story);
      const one = judge(history, defaultLimits, now);
      if (one.kind === "converged") expect(now - one.since).toBeGreaterThanOrEqual(5_000);
      if (one.kind === "settled") expect(now - one.since).toBeLessThan(5_000);
    }), runs);
  });
});

describe("looks", () => {
  test("taken twice teach nothing new", () => {
    assert(property(stories, (story) => {
      const polls = pollsOf(story);
      expect(historyOf(story, { polls: polls.flatMap((poll) => [poll, poll, poll]) }).history).toEqual(historyOf(story, { polls }).history);
    }), runs);
  });

  test("whose answers come late move no task back", () => {
    assert(property(stories, (story) => {
      const polls = pollsOf(story);
      const { history, now } = historyOf(story, { polls });
      for (const late of polls) {
        // Of an old answer only the tasks it lists are looked at: what it does not list yet would seem gone.
        const ids = new Set(late.tasks.map(({ id }) => id));
        const tasks = [...late.tasks, ...(polls.at(-1)?.tasks ?? []).filter(({ id }) => !ids.has(id))];
        const after = addPoll(history, { ...late, tasks, at: now });
        expect(after.tasks.map(({ id, state, endedAt, runningAt }) => [id, state, endedAt, runningAt]).sort()).toEqual(history.tasks.map(({ id, state, endedAt, runningAt }) => [id, state, endedAt, runningAt]).sort());
      }
    }), runs);
  });
});

const loops = new Set(["crash-loop", "exit-zero-loop", "unhealthy-loop", "out-of-memory", "rejected"]);
const loopIn = (history: History, now: number, limits: Limits = defaultLimits): string | null => {
  const one = judge(history, limits, now);
  return isRed(one) && loops.has(one.reason.class) ? one.reason.class : null;
};

describe("excuses", () => {
  test("what a declared disturbance covers is never a loop", () => {
    assert(property(stories, (story) => {
      const { history, now } = historyOf(story);
      expect(loopIn(addDisturbance(history, { targets: ["*"], from: 0, until: now, why: "all of it" }), now)).toBeNull();
    }), runs);
  });

  test("a disturbance of one service makes no verdict that was not there before", () => {
    assert(property(stories, constantFrom("app", "db"), (story, target) => {
      const { history, now } = historyOf(story);
      const disturbed = addDisturbance(history, { targets: [target], from: 0, until: now, why: "kill" });
      if (isRed(judge(disturbed, defaultLimits, now))) expect(isRed(judge(history, defaultLimits, now))).toBe(true);
    }), runs);
  });

  test("to wait for somebody makes no verdict that was not there before", () => {
    assert(property(stories, (story) => {
      const alone = historyOf(story, { needs: false });
      if (isRed(judged(story))) expect(isRed(judge(alone.history, defaultLimits, alone.now))).toBe(true);
    }), runs);
  });
});

describe("limits", () => {
  const stricter: readonly (readonly [string, Partial<Limits>])[] = [
    ["fewer failures", { failures: 2 }],
    ["a wider window", { withinMs: 3_000_000 }],
    ["longer until trusted", { stableForMs: 1_000_000 }],
    ["a lower ceiling", { ceilingMs: 20_000 }],
    ["one kill by health check", { unhealthyKills: 1 }],
    ["one refusal", { rejections: 1 }],
  ];

  test.each(stricter)("%s: what was red stays red", (_, limits) => {
    assert(property(stories, (story) => {
      if (isRed(judged(story))) expect(isRed(judged(story, { ...defaultLimits, ...limits }))).toBe(true);
    }), runs);
  });
});
