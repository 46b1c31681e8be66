import { scenarioExpectations } from "../../tiers/expectations.ts";
import { wrongFrontPage } from "../../tiers/frontPage.ts";
import { missingReplicas } from "../../tiers/judge/services.ts";
import { app, expect, test } from "../../tiers/testing.ts";

const { killed, page } = scenarioExpectations(app.context.expect, "kill");

test.each(killed)("$service is back within its budget", async ({ service, containers, tookMs, budgetMs, budget }) => {
  const now = (await app.services()).filter(({ name }) => name === service);
  expect(missingReplicas(now)).toEqual([]);
  const running = now.flatMap(({ tasks }) => tasks).filter(({ state }) => state === "running").map(({ container }) => container);
  expect(running.filter((id) => id !== null && containers.includes(id)), "what was killed still runs: nothing was tried").toEqual([]);
  expect(tookMs, budget).toBeLessThanOrEqual(budgetMs);
});

if (page !== null) test("the app answers a visitor when all of them were killed once", async () => {
  expect(await wrongFrontPage(page)).toEqual([]);
});
