import type { UpgradeExpectations } from "../context.ts";
import { wrongFrontPage } from "../frontPage.ts";
import { missingReplicas, restartsSince, wrongLabel } from "../judge/services.ts";
import { leftovers, moved, notHead, rolledBack } from "../judge/upgrade.ts";
import { lostWitnesses, unseenWitnesses } from "../judge/witnesses.ts";
import { app, expect, test } from "../testing.ts";

/** The tests of an app in which one version took another's place. @param from @param to what they are called */
export function upgradeChecks(wanted: Omit<UpgradeExpectations, "tier">, { from, to }: { from: string; to: string }): void {
  test(`the running services and images are ${to}'s`, async () => {
    const now = await app.services();
    expect(notHead(wanted.head, now)).toEqual([]);
    expect(missingReplicas(now)).toEqual([]);
  });

  test(`the labels on app are ${to}'s`, async () => {
    const now = await app.services();
    expect(wrongLabel(now, wanted.commitLabel)).toEqual([]);
    if (wanted.versionLabel) expect(wrongLabel(now, wanted.versionLabel)).toEqual([]);
  });

  test("the upgrade moved something", async ({ skip }) => {
    const what = moved(wanted.before, await app.services());
    // No proof that it is wrong, and none that it was tested: unverified then.
    skip(what.length === 0, `nothing that runs differs between ${from} and ${to}`);
    expect(what).not.toEqual([]);
  });

  test("Swarm rolled nothing back", async () => {
    expect(rolledBack(wanted.before, await app.services())).toEqual([]);
  });

  if (wanted.witnesses.length > 0) test(`what was planted in ${from}'s volumes and databases is still there`, ({ skip }) => {
    expect(lostWitnesses(wanted.witnesses)).toEqual([]);
    const unseen = unseenWitnesses(wanted.witnesses);
    skip(unseen.length > 0, `nobody knows what became of ${unseen.join(", ")}: write seed and verify in the recipe's hooks.ts`);
  });

  test("services that left the compose files are gone", async () => {
    expect(leftovers(wanted.head, await app.services())).toEqual([]);
  });

  const front = wanted.page;
  if (front !== null) test("the app answers a visitor with an allowed code and its own certificate", async () => {
    expect(await wrongFrontPage(front)).toEqual([]);
  });

  test("nothing restarted since the app settled", async () => {
    expect(restartsSince(wanted.settled, await app.services())).toEqual([]);
  });
}
