import { expect, it } from "vitest";
import { explained } from "../../../harness/build/explained.ts";
import type { Ending } from "../../../harness/build/verdict.ts";
import type { Finding } from "../../../harness/recipe/lint/finding.ts";

const refused: Ending = { kind: "finding", blame: "recipe", reason: { class: "abra-refused", service: null, summary: "abra app deploy refuses", evidence: ["only updates to Labels are allowed"], hint: "try it" } };
const finding: Finding = { rule: "config-not-bumped", severity: "error", service: "app", file: "abra.sh", text: "the config page changed", remedy: "raise PAGE_VERSION" };

it("a refusal that lint foresaw is told in lint's words, with service, file and abra's own words", () => {
  expect(explained(refused, "upgrade", [{ ...finding, rule: "no-tag" }, finding])).toMatchObject({
    blame: "recipe",
    reason: { class: "config-not-bumped", service: "app", summary: "abra.sh: the config page changed", evidence: [expect.anything(), "abra app deploy refuses", "only updates to Labels are allowed"], hint: "raise PAGE_VERSION (abra.sh)" },
  });
});

it("what lint foresaw is the recipe's, although an overlay was there too", () => {
  expect(explained({ ...refused, blame: "harness-limit" }, "upgrade", [finding])).toMatchObject({ blame: "recipe", reason: { class: "config-not-bumped" } });
});

it.each<[string, Ending, string | null, Finding[]]>([
  ["in another phase", refused, "install", [finding]],
  ["of which lint knows nothing", refused, "upgrade", []],
  ["that lint foresaw none of: other words of Docker's", { ...refused, reason: { ...refused.reason, evidence: ["network proxy not found"] } }, "upgrade", [finding]],
  ["of something else", { ...refused, reason: { ...refused.reason, class: "crash-loop" } }, "upgrade", [finding]],
])("a refusal %s stays as it is", (_, ending, endedIn, findings) => {
  expect(explained(ending, endedIn, findings)).toBe(ending);
});
