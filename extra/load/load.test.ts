import { scenarioExpectations } from "../../tiers/expectations.ts";
import { wrongAnswers } from "../../tiers/judge/load.ts";
import { missingReplicas, restartsSince } from "../../tiers/judge/services.ts";
import { app, expect, test } from "../../tiers/testing.ts";

const { answers, errors, codes, before } = scenarioExpectations(app.context.expect, "load");

test("many requests at once are answered like one", () => {
  expect(wrongAnswers(answers, errors, codes)).toEqual([]);
});

test("no task ends under load", async () => {
  const now = await app.services();
  expect(restartsSince(before, now)).toEqual([]);
  expect(missingReplicas(now)).toEqual([]);
});
