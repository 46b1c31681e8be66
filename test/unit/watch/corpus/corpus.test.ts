import { describe, expect, test } from "vitest";
import { type Answer, answers } from "./answers.ts";
import { check } from "./check.ts";
import { recordingOf, recordings } from "./recording.ts";
import { replay } from "./replay.ts";
import { scenes } from "./scenes.ts";

const decidedByAnEnd = new Set(["crash-loop", "exit-zero-loop", "out-of-memory", "unhealthy-loop", "gave-up", "rejected", "image-missing", "image-pull"]);
const recorded = answers.filter(({ from }) => from !== "written");

const title = ({ name, incident }: Answer) => (incident === undefined ? name : `incident ${incident}: ${name}`);

describe("the corpus", () => {
  test("has a recording or a scene for each answer, and no other", () => {
    expect(recordings.toSorted()).toEqual(recorded.map(({ name }) => name).toSorted());
    const count = (from: string) => answers.filter((answer) => answer.from === from).length;
    expect([count("stack") >= 30, count("upgrade") >= 8, count("two-nodes") >= 5, answers.length >= 60], "as many as were asked for").not.toContain(false);
    expect(new Set(answers.map(({ name }) => name)).size).toBe(answers.length);
    expect(Object.keys(scenes).toSorted()).toEqual(answers.filter(({ from }) => from === "written").map(({ name }) => name).toSorted());
  });
});

describe("recorded", () => {
  test.each(recorded.map((answer) => [title(answer), answer] as const))("%s", (_, answer) => {
    const { name } = answer;
    const outcome = replay(recordingOf(name));
    check(answer, outcome);
    // The recorder looks each 80 ms after an event and each 400 ms otherwise.
    if (outcome.red && decidedByAnEnd.has(outcome.red.judged.reason.class) && name !== "history-pruned-between-polls") {
      expect(outcome.red.late, "seconds since the end that decided it").toBeLessThan(0.7);
    }
  });
});

describe("written", () => {
  test.each(answers.filter(({ from }) => from === "written").map((answer) => [answer.name, answer] as const))("%s", (name, answer) => {
    check(answer, scenes[name]?.() ?? expect.fail(`no scene ${name}`));
  });
});
