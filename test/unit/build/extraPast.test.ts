import { describe, expect, test } from "vitest";
import { type App, noServices } from "../../../harness/build/app/appState.ts";
import { Build } from "../../../harness/build/context.ts";
import { restoreFresh } from "../../../harness/build/extra/restore-fresh.ts";
import { rollback } from "../../../harness/build/extra/rollback.ts";
import type { Scenario } from "../../../harness/build/extra/scenario.ts";
import { upgradeFrom } from "../../../harness/build/extra/upgrade-from.ts";
import type { TierResult } from "../../../reports/results.ts";
import { request } from "./request.ts";

/** What the scenarios of older versions and of a lost installation have no place for. */

const versions = ["1.2.0+3", "1.1.0+2", "1.0.0+1"].map((tag) => ({ tag, commit: `commit of ${tag}` }));

function stage(more: { taken?: readonly string[]; broken?: boolean; older?: typeof versions; tiers?: readonly TierResult[]; upgraded?: boolean } = {}) {
  const { taken = [], broken = false, older = versions, tiers = [], upgraded = true } = more;
  const build = new Build(request, () => {}, new AbortController().signal, "r1");
  build.findings.tiers.push(...tiers);
  build.findings.recipe.base = { version: "1.2.0+3", commit: "commit of 1.2.0+3" };
  if (broken) build.findings.baseBroken = { class: "base-broken", service: null, summary: "gone", evidence: [], hint: "" };
  const apps = taken.map((tag) => ({ from: { commit: `commit of ${tag}` } }));
  return { site: { build, apps }, plan: { older }, app: { from: upgraded ? { commit: "x" } : null, compose: noServices } as App, backedUp: null } as unknown as Parameters<Scenario["whyNot"]>[0];
}

describe("upgrade-from", () => {
  test.each<[string, Parameters<typeof stage>[0], string | null]>([
    ["versions besides base", { taken: ["1.2.0+3"] }, null],
    ["base only, which the upgrade tier took", { taken: ["1.2.0+3"], older: versions.slice(0, 1) }, "the upgrade tier took its only older version, 1.2.0+3"],
    ["base only, and it could not even be prepared", { broken: true, older: versions.slice(0, 1) }, "the upgrade tier took its only older version, 1.2.0+3"],
    ["base only, and nobody asked for the upgrade", { older: versions.slice(0, 1) }, null],
    ["all of them were needed for the upgrade", { taken: versions.map(({ tag }) => tag) }, "the upgrade tier took all 3 older versions"],
    ["no older version", { older: [] }, "the recipe has no older version"],
  ])("%s", (_, more, why) => expect(upgradeFrom.whyNot(stage(more))).toBe(why));
});

test("rollback wants an app that was upgraded", () => {
  expect(rollback.whyNot(stage())).toBeNull();
  expect(rollback.whyNot(stage({ upgraded: false }))).toContain("was not upgraded");
});

test.each<[string, readonly TierResult[], string | null]>([
  ["what the recipe has no labels for has no place", [{ name: "restore", status: "skipped", reason: "restore: no service has the label", tests: [] }], "restore: no service has the label"],
  ["nor has what nobody asked for", [], "no restore was asked for"],
  ["a restore that could not be made is no reason to leave it out", [{ name: "restore", status: "unverified", reason: "restore: no bot", tests: [] }], null],
])("restore-fresh: %s", (_, tiers, why) => expect(restoreFresh.whyNot(stage({ tiers }))).toBe(why));
