import { array, assert, boolean, constantFrom, oneof, option, property, record, subarray } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reason } from "../../../harness/base/errors.ts";
import { type Ending, exitCodeOf, type VerdictFacts, verdictOf } from "../../../harness/build/verdict.ts";
import { type Results, type Rung, statusSchema, type TestResult, type TierName, type TierResult, type Verdict, verdictSchema } from "../../../reports/results.ts";

const ran = { name: "answers", status: "passed", durationMs: 3, error: null } as const;
const tier = (name: TierName, status: TierResult["status"], more: Partial<TierResult> = {}): TierResult => ({
  name,
  status,
  reason: status === "passed" ? null : `${name}: because`,
  tests: status === "passed" ? [ran] : [],
  ...more,
});
const why: Reason = { class: "crash-loop", service: "app", summary: "app: exits with 1", evidence: ["task 1"], hint: "read its log" };
const broken: Reason = { ...why, class: "base-broken" };
const leak: Reason = { ...why, class: "secret-leak", service: null, evidence: ["logs/head/app.log: a secret in line 3"] };
const finding = (blame: Extract<Ending, { kind: "finding" }>["blame"]): Ending => ({ kind: "finding", blame, reason: why });

const good: VerdictFacts = {
  ending: null,
  endedIn: null,
  asked: ["install", "upgrade"],
  tiers: [tier("install", "passed"), tier("upgrade", "passed")],
  lint: "pass",
  skip: {},
  declaredSkips: [],
  baseBroken: null,
  leak: null,
};
const says = (facts: Partial<VerdictFacts>) => verdictOf({ ...good, ...facts });

describe("the verdict and its reason", () => {
  test.each<[string, Partial<VerdictFacts>, Verdict, string | null]>([
    ["every tier passed", {}, "passed", null],
    ["a structural skip that says so", { tiers: [tier("install", "passed"), tier("upgrade", "skipped")] }, "passed", null],
    ["lint alone never changes it", { lint: "fail" }, "passed", null],
    ["nothing ran at all", { tiers: [] }, "unverified", "tier-unverified"],
    ["a tier that was asked for is missing", { tiers: [tier("install", "passed")] }, "unverified", "tier-unverified"],
    ["a tier is unverified", { tiers: [tier("install", "unverified"), tier("upgrade", "passed")] }, "unverified", "tier-unverified"],
    ["a tier was interrupted and nobody said why", { tiers: [tier("install", "interrupted"), tier("upgrade", "passed")] }, "unverified", "tier-unverified"],
    ["a skip without a reason", { tiers: [tier("install", "passed"), tier("upgrade", "skipped", { reason: null })] }, "unverified", "tier-unverified"],
    ["passed without a test", { tiers: [tier("install", "passed", { tests: [] }), tier("upgrade", "passed")] }, "unverified", "tier-unverified"],
    ["passed with a skipped test", { tiers: [tier("install", "passed", { tests: [ran, { ...ran, status: "skipped" }] }), tier("upgrade", "passed")] }, "unverified", "tier-unverified"],
    ["passed with a skipped test that the settings skip", { tiers: [tier("install", "passed", { tests: [ran, { ...ran, name: "a: mails", status: "skipped" }] }), tier("upgrade", "passed")], skip: { mails: "no mail here" } }, "passed", null],
    ["the same where another test is left out", { tiers: [tier("install", "passed", { tests: [ran, { ...ran, name: "a: mails", status: "skipped" }] }), tier("upgrade", "passed")], skip: { ails: "no mail here" } }, "unverified", "tier-unverified"],
    ["tests of which all are left out", { tiers: [tier("install", "passed", { tests: [{ ...ran, status: "skipped" }] }), tier("upgrade", "passed")], skip: { answers: "no" } }, "unverified", "tier-unverified"],
    ["said twice, once unproven", { tiers: [...good.tiers, tier("upgrade", "unverified")] }, "unverified", "tier-unverified"],
    ["only skips", { asked: ["upgrade"], tiers: [tier("upgrade", "skipped")] }, "unverified", "nothing-tested"],
    ["nothing asked for", { asked: [], tiers: [] }, "unverified", "nothing-tested"],
    ["a failed tier", { tiers: [tier("install", "failed"), tier("upgrade", "passed")] }, "failed", "tests-failed"],
    ["a failed tier that nobody asked for", { tiers: [...good.tiers, tier("extra", "failed")] }, "failed", "tests-failed"],
    ["a failed tier beside a broken base", { tiers: [tier("install", "failed")], baseBroken: broken }, "failed", "tests-failed"],
    ["base is broken, head is not to blame", { tiers: [tier("install", "passed"), tier("upgrade", "unverified")], baseBroken: broken }, "unverified", "base-broken"],
    ["base is broken and all the rest passed", { baseBroken: broken }, "unverified", "base-broken"],
    ["the recipe failed", { ending: finding("recipe"), endedIn: "install", tiers: [] }, "failed", "crash-loop"],
    ["infra, even where tiers failed", { ending: finding("infra"), endedIn: "upgrade", tiers: [tier("install", "failed")] }, "infra", "crash-loop"],
    ["the harness's own limit is never failed", { ending: finding("harness-limit"), endedIn: "install", tiers: [] }, "unverified", "crash-loop"],
    ["an unverified finding", { ending: finding("unverified"), endedIn: "install", tiers: [] }, "unverified", "crash-loop"],
    ["a base-broken finding", { ending: finding("base-broken"), endedIn: "upgrade", tiers: [] }, "unverified", "crash-loop"],
    ["a bug of the harness", { ending: { kind: "bug", message: "x is undefined", stack: ["at y"] }, endedIn: "lint" }, "infra", "harness-bug"],
    ["an interrupt, whatever passed before", { ending: { kind: "interrupted", signal: "SIGINT", message: "interrupted by SIGINT" } }, "interrupted", "interrupted"],
    ["the deadline, whatever failed before", { ending: { kind: "timedout", message: "the deadline passed" }, tiers: [tier("install", "failed")] }, "timedout", "deadline"],
    ["a secret in an artifact, where all passed", { leak }, "unverified", "secret-leak"],
    ["a secret in an artifact, where a tier failed", { leak, tiers: [tier("install", "failed")] }, "unverified", "secret-leak"],
    ["a secret in an artifact of a recipe that failed", { leak, ending: finding("recipe"), endedIn: "install", tiers: [] }, "unverified", "secret-leak"],
    ["a secret in an artifact, where trying again would leak again", { leak, ending: finding("infra"), endedIn: "install", tiers: [] }, "unverified", "secret-leak"],
    ["a secret in an artifact of a build that was interrupted", { leak, ending: { kind: "interrupted", signal: "SIGINT", message: "interrupted by SIGINT" } }, "interrupted", "interrupted"],
    ["a secret in an artifact of a build that was out of time", { leak, ending: { kind: "timedout", message: "the deadline passed" } }, "timedout", "deadline"],
  ])("%s", (_, facts, verdict, cls) => {
    const said = says(facts);
    expect(said.verdict).toBe(verdict);
    expect(said.reason?.class ?? null).toBe(cls);
  });

  test("the reason names the tests that did not pass", () => {
    const bad = { name: "home page", status: "failed", durationMs: 1, error: "HTTP 500" } as const;
    const { reason } = says({ tiers: [tier("install", "failed", { reason: null, tests: [ran, bad] })] });
    expect(reason).toMatchObject({ summary: "install: 1 of 2 tests did not pass", evidence: ["home page: HTTP 500"] });
  });

  test("a secret in an artifact keeps what the verdict would have been, and the level", () => {
    const bad = { name: "home page", status: "failed", durationMs: 1, error: "HTTP 500" } as const;
    const tiers = [tier("install", "passed"), tier("upgrade", "failed", { tests: [ran, bad] })];
    const { reason, level, rungs } = says({ leak, tiers });
    expect(reason?.evidence).toEqual(["logs/head/app.log: a secret in line 3", "otherwise failed: upgrade: because (tests-failed)", "home page: HTTP 500"]);
    expect([level, rungs.upgrade]).toEqual([1, "fail"]);
    expect(says({ leak }).reason?.evidence).toEqual(["logs/head/app.log: a secret in line 3", "otherwise passed"]);
  });

  test("of a tier that was not tried, the hint points to what is missing; of one that failed, at the app", () => {
    const hint = (one: TierResult) => says({ tiers: [tier("install", "passed"), one] }).reason?.hint;
    expect(hint(tier("upgrade", "unverified", { reason: "upgrade: the tests are not run", tests: [] }))).toMatch(/^the line above says what is missing/);
    expect(hint(tier("upgrade", "failed", { tests: [{ ...ran, status: "failed" }] }))).toMatch(/^recipe-ci run … --keep/);
  });

  test("a bug keeps its stack as evidence and is not blamed on the recipe", () => {
    const { reason } = says({ ending: { kind: "bug", message: "x", stack: ["at y"] } });
    expect(reason).toMatchObject({ service: null, evidence: ["at y"] });
    expect(reason?.hint).toContain("recipe-ci's own fault");
  });
});

const two = ["install", "upgrade"] as const;
const likely = <T>(one: T, others: readonly T[]) => oneof({ weight: 3, arbitrary: constantFrom(one) }, { weight: 1, arbitrary: constantFrom(...others) });
const anyTest = record({ name: constantFrom("a", "b"), status: likely<TestResult["status"]>("passed", ["failed", "skipped"]), durationMs: constantFrom(0, 5), error: constantFrom(null, "x") });
const anyTier = record({
  name: constantFrom(...two),
  status: likely<TierResult["status"]>("passed", statusSchema.options),
  reason: option(constantFrom("", "because")),
  tests: array(anyTest, { maxLength: 2 }),
});
const anyEnding = constantFrom<Ending | null>(null, null, null, finding("recipe"), finding("infra"), finding("harness-limit"), { kind: "timedout", message: "x" }, { kind: "bug", message: "x", stack: [] });

test("never passed unless every tier that was asked for passed or is a skip that says why, and one passed", () => {
  let green = 0;
  assert(
    property(subarray([...two]), array(anyTier, { maxLength: 4 }), anyEnding, boolean(), (asked, tiers, ending, isBroken) => {
      const said = says({ asked, tiers, ending, baseBroken: isBroken ? broken : null });
      expect(said.verdict === "passed").toBe(said.reason === null);
      if (said.verdict !== "passed") return;
      green += 1;
      expect(ending).toBeNull();
      expect(isBroken).toBe(false);
      expect(tiers.some((one) => one.status === "failed")).toBe(false);
      for (const name of asked) {
        const of = tiers.filter((one) => one.name === name);
        expect(of.length).toBeGreaterThan(0);
        for (const one of of) {
          if (one.status === "skipped") expect(one.reason).toBeTruthy();
          else expect({ ...one, tests: one.tests.map((each) => each.status) }).toMatchObject({ status: "passed", tests: one.tests.map(() => "passed") });
        }
      }
      expect(tiers.some((one) => one.status === "passed" && one.tests.length > 0 && asked.includes(one.name))).toBe(true);
    }),
    { numRuns: 5000 },
  );
  expect(green).toBeGreaterThan(20);
});

describe("the ladder", () => {
  const all: readonly TierName[] = ["install", "upgrade", "backup", "restore", "custom"];
  const climbed = (statuses: readonly TierResult["status"][], lint: Rung = "pass", facts: Partial<VerdictFacts> = {}) =>
    says({ asked: all, tiers: statuses.map((status, index) => tier(all[index] ?? "extra", status)), lint, ...facts });

  const p = "passed";
  test.each<[string, readonly TierResult["status"][], Rung, number]>([
    ["nothing", [], "pass", 0],
    ["install failed", ["failed", p, p, p, p], "pass", 0],
    ["install unverified (--quick)", ["unverified", p, p, p, p], "pass", 0],
    ["install only", [p], "pass", 1],
    ["upgrade failed", [p, "failed", p, p, p], "pass", 1],
    ["upgrade unverified", [p, "unverified", p, p, p], "pass", 1],
    ["no older version does not stop the climb", [p, "skipped", p, p, p], "pass", 5],
    ["backup passed, restore not seen", [p, p, p], "pass", 2],
    ["restore failed", [p, p, p, "failed", p], "pass", 2],
    ["no backup labels does not stop the climb", [p, p, "skipped", "skipped", p], "pass", 5],
    ["a recipe without tests of its own stops at 3", [p, p, p, p, "skipped"], "pass", 3],
    ["its tests fail", [p, p, p, p, "failed"], "pass", 3],
    ["lint fails", [p, p, p, p, p], "fail", 4],
    ["lint could not be run", [p, p, p, p, p], "unverified", 4],
    ["all", [p, p, p, p, p], "pass", 5],
  ])("%s", (_, statuses, lint, level) => {
    expect(climbed(statuses, lint).level).toBe(level);
  });

  test("a recipe whose settings say why its tests are left out climbs on", () => {
    expect(climbed([p, p, p, p, "skipped"], "pass", { declaredSkips: ["custom"] })).toMatchObject({ verdict: "passed", level: 5, rungs: { functional: "skip" } });
  });

  test("lint that fails leaves the verdict", () => {
    expect(climbed([p, p, p, p, p], "fail")).toMatchObject({ verdict: "passed", level: 4, rungs: { lint: "fail" } });
  });

  test("an extra test that fails makes the verdict failed and leaves the level", () => {
    const tiers = [...all.map((name) => tier(name, "passed")), tier("extra", "failed")];
    expect(says({ asked: [...all, "extra"], tiers })).toMatchObject({ verdict: "failed", level: 5 });
  });

  test("a broken base leaves the upgrade rung open, unless the upgrade from an older version failed", () => {
    expect(climbed([p, p], "pass", { baseBroken: broken })).toMatchObject({ level: 1, rungs: { upgrade: "unverified" } });
    expect(climbed([p, "failed"], "pass", { baseBroken: broken })).toMatchObject({ level: 1, rungs: { upgrade: "fail" } });
    expect(climbed([p], "pass", { baseBroken: broken, ending: finding("recipe"), endedIn: "upgrade" })).toMatchObject({ level: 1, rungs: { upgrade: "fail" } });
  });

  test.each<[string, readonly TierResult[], Partial<Results["rungs"]>]>([
    ["lint", [], { install: "fail", upgrade: "unverified" }],
    ["prepull", [], { install: "fail", upgrade: "unverified" }],
    ["install", [], { install: "fail", upgrade: "unverified" }],
    ["install", [tier("install", "interrupted")], { install: "fail", upgrade: "unverified" }],
    ["upgrade", [tier("install", "passed")], { install: "pass", upgrade: "fail" }],
    ["upgrade", [tier("install", "passed"), tier("upgrade", "interrupted")], { install: "pass", upgrade: "fail" }],
    ["lint", [], { install: "fail", lint: "fail" }],
  ])("a recipe that fails in %s fails its rung", (endedIn, tiers, rungs) => {
    expect(says({ ending: finding("recipe"), endedIn, tiers }).rungs).toMatchObject(rungs);
  });

  test.each(["infra", "harness-limit", "unverified"] as const)("%s fails no rung", (blame) => {
    expect(says({ ending: finding(blame), endedIn: "install", tiers: [] }).rungs).toMatchObject({ install: "unverified", upgrade: "unverified" });
  });
});

describe("exit codes", () => {
  test.each<[Verdict, Results["teardown"]["status"], NodeJS.Signals | null, number]>([
    ["passed", "clean", null, 0],
    ["passed", "kept", null, 0],
    ["passed", "leaked", null, 4],
    ["failed", "clean", null, 1],
    ["failed", "leaked", null, 1],
    ["infra", "clean", null, 3],
    ["unverified", "clean", null, 5],
    ["unverified", "leaked", null, 5],
    ["timedout", "clean", null, 124],
    ["interrupted", "clean", "SIGINT", 130],
    ["interrupted", "clean", "SIGTERM", 143],
    ["interrupted", "clean", "SIGHUP", 129],
    ["interrupted", "clean", null, 130],
  ])("%s, %s, %s: %d", (verdict, teardown, signal, code) => {
    expect(exitCodeOf(verdict, teardown, signal)).toBe(code);
  });

  test("only a clean or kept green is 0, and 2 is left to usage", () => {
    for (const verdict of verdictSchema.options) {
      for (const teardown of ["clean", "leaked", "kept"] as const) {
        const code = exitCodeOf(verdict, teardown, null);
        expect(code === 0).toBe(verdict === "passed" && teardown !== "leaked");
        expect(code).not.toBe(2);
      }
    }
  });
});
