import { scenarioExpectations } from "../../tiers/expectations.ts";
import { wrongFrontPage } from "../../tiers/frontPage.ts";
import { missingReplicas } from "../../tiers/judge/services.ts";
import { app, expect, test } from "../../tiers/testing.ts";

const wanted = scenarioExpectations(app.context.expect, "drain");

test("what ran on the drained node is back on the other", async () => {
  expect(wanted.left, "still on the drained node").toEqual([]);
  expect(missingReplicas(await app.services()), `${wanted.moved.join(", ")} had to move`).toEqual([]);
});

const front = wanted.page;
if (front !== null) test("the app answers a visitor with an allowed code and its own certificate", async () => {
  expect(await wrongFrontPage(front)).toEqual([]);
});
