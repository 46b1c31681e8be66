import type { RestoreExpectations } from "../context.ts";
import { wrongFrontPage } from "../frontPage.ts";
import { missingReplicas } from "../judge/services.ts";
import { lostWitnesses, unmovedWitnesses, unseenWitnesses } from "../judge/witnesses.ts";
import { app, expect, test } from "../testing.ts";

/** The tests of an app whose data was taken away and restored. */
export function restoreChecks(wanted: Omit<RestoreExpectations, "tier">): void {
  test("abra restored this run's snapshot", () => {
    expect(wanted.restored.ok, `abra app restore of ${wanted.restored.snapshot} says: ${wanted.restored.said}`).toBe(true);
  });

  test("what was removed and changed is back as it was", ({ skip }) => {
    const unmoved = unmovedWitnesses(wanted.altered);
    skip(unmoved.length > 0, `a restore would show nothing: ${unmoved.join(", ")}`);
    expect(lostWitnesses(wanted.witnesses)).toEqual([]);
    const gaps = [...unseenWitnesses(wanted.witnesses), ...wanted.gaps.map(({ what, why }) => `${what} (${why})`)];
    skip(gaps.length > 0, `nobody knows what becomes of ${gaps.join(", ")}: write seed, mutate and verify in the recipe's hooks.ts`);
  });

  test("every service is at its replicas again", async () => {
    expect(missingReplicas(await app.services())).toEqual([]);
  });

  const front = wanted.page;
  if (front !== null) test("the app answers a visitor with an allowed code and its own certificate", async () => {
    expect(await wrongFrontPage(front)).toEqual([]);
  });
}
