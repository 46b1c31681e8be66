import { expectationsFor } from "../expectations.ts";
import { wrongFrontPage } from "../frontPage.ts";
import { firstAssets } from "../judge/page.ts";
import { missingReplicas, restartsSince, wrongLabel } from "../judge/services.ts";
import { app, expect, test } from "../testing.ts";

const wanted = expectationsFor(app.context.expect, "install");

test("every service is at its replicas", async () => {
  const now = await app.services();
  expect(missingReplicas(now)).toEqual([]);
  expect(now.map((service) => service.name).sort()).toEqual(app.context.services.map((service) => service.name).sort());
});

test("the label on app says the commit under test", async () => {
  expect(wrongLabel(await app.services(), wanted.commitLabel)).toEqual([]);
});

const front = wanted.page;

if (front !== null) {
  test("the app answers a visitor with an allowed code and its own certificate", async () => {
    expect(await wrongFrontPage(front)).toEqual([]);
  });

  test("the front page's first stylesheet and script load", async () => {
    const page = await app.fetch(front.path);
    const { stylesheet, script } = firstAssets(page.text(), page.url);
    for (const address of [stylesheet, script]) {
      if (address === null) continue;
      const asset = await app.fetch(address);
      expect(asset.status, `status of ${address}, which ${page.url} loads`).toBe(200);
      expect(asset.headers.get("content-type") ?? "", `${address} is a page, not what ${page.url} loads`).not.toContain("text/html");
    }
  });
}

test("nothing restarted since the app settled", async () => {
  expect(restartsSince(wanted.settled, await app.services())).toEqual([]);
});
