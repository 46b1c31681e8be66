import { scenarioExpectations } from "../../tiers/expectations.ts";
import { missingReplicas, restartsSince } from "../../tiers/judge/services.ts";
import { app, expect, test } from "../../tiers/testing.ts";

const wanted = scenarioExpectations(app.context.expect, "redeploy");

test("a deployment that changes nothing restarts nothing", async () => {
  const now = await app.services();
  expect(restartsSince(wanted.before, now)).toEqual([]);
  expect(missingReplicas(now)).toEqual([]);
});
