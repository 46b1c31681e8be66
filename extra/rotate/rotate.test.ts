import { scenarioExpectations } from "../../tiers/expectations.ts";
import { wrongFrontPage } from "../../tiers/frontPage.ts";
import { unrotated } from "../../tiers/judge/secrets.ts";
import { missingReplicas } from "../../tiers/judge/services.ts";
import { app, expect, test } from "../../tiers/testing.ts";

const { wanted, before, after, page } = scenarioExpectations(app.context.expect, "rotate");

test("services have the new versions of their secrets, and none of the old ones", () => {
  expect(unrotated(wanted, before, after)).toEqual([]);
});

test("every service is at its replicas with its new secrets", async () => {
  expect(missingReplicas(await app.services())).toEqual([]);
});

if (page !== null) test("the app answers a visitor with its new secrets", async () => {
  expect(await wrongFrontPage(page)).toEqual([]);
});
