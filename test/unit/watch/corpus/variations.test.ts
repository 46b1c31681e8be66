import { describe, test } from "vitest";
import { answers } from "./answers.ts";
import { check } from "./check.ts";
import { recordingOf } from "./recording.ts";
import { replay } from "./replay.ts";
import { variations } from "./variations.ts";

/** What arrives is worse, the answer is the same. */
const recorded = answers.filter(({ from }) => from !== "written").map((answer) => ({ answer, recording: recordingOf(answer.name) }));

describe.each(variations.map((variation) => [variation.name, variation] as const))("%s", (_, { of, slack }) => {
  test.each(recorded.map((one) => [one.answer.name, one] as const))("%s", (_name, { answer, recording }) => {
    check(answer, replay(of(recording)), slack);
  });
});
