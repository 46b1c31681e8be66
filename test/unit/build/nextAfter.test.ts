import { describe, expect, test } from "vitest";
import { type AfterAbra, nextAfter } from "../../../harness/build/change/nextAfter.ts";

const next = (facts: Partial<AfterAbra>) => nextAfter({ end: "refused", commands: true, reached: true, converged: false, ...facts });

describe("abra's end", () => {
  test.each<[string, Partial<AfterAbra>, string]>([
    ["its own wait ran out before the app was up: no verdict", {}, "gave-up"],
    ["its commands failed in an app that has been up long enough for its wait", { converged: true }, "refused"],
    ["it said no before all was deployed", { reached: false }, "refused"],
    ["it said no before all was deployed, and had no commands", { reached: false, commands: false }, "refused"],
    ["it said no without any waiting to do", { commands: false }, "refused"],
    ["hung, with all deployed and nothing more to do", { end: "hung", commands: false }, "unneeded"],
    ["hung, and nobody knows whether its commands ran", { end: "hung", converged: true }, "refused"],
    ["hung before all was deployed", { end: "hung", commands: false, reached: false }, "refused"],
    ["ended, as the app was up", { end: "ended", commands: false, converged: true }, "unneeded"],
  ])("%s", (_, facts, what) => {
    expect(next(facts)).toBe(what);
  });
});
