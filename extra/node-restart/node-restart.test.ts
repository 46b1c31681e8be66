import { scenarioExpectations } from "../../tiers/expectations.ts";
import { wrongFrontPage } from "../../tiers/frontPage.ts";
import { missingReplicas } from "../../tiers/judge/services.ts";
import { lostWitnesses, unseenWitnesses } from "../../tiers/judge/witnesses.ts";
import { app, expect, test } from "../../tiers/testing.ts";

const wanted = scenarioExpectations(app.context.expect, "node-restart");

test("every service is back at its replicas", async () => {
  expect(missingReplicas(await app.services())).toEqual([]);
});

if (wanted.witnesses.length > 0) test("what was planted in volumes and databases is still there", ({ skip }) => {
  expect(lostWitnesses(wanted.witnesses)).toEqual([]);
  const unseen = unseenWitnesses(wanted.witnesses);
  skip(unseen.length > 0, `nobody knows what became of ${unseen.join(", ")}`);
});

const front = wanted.page;
if (front !== null) test("the app answers a visitor with an allowed code and its own certificate", async () => {
  expect(await wrongFrontPage(front)).toEqual([]);
});
