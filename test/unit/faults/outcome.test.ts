import { describe, expect, test } from "vitest";
import { signalled, undisturbed } from "../../faults/cases.ts";
import { type Expected, type Found, type Seen, wrongs } from "../../faults/outcome.ts";
import { points } from "../../faults/points.ts";
import type { Results, Verdict } from "../../../reports/results.ts";
import { passed } from "../reports/samples.ts";

const clean: Results = { ...passed, teardown: { status: "clean", residue: [], durationMs: 1 } };
const reason = (cls: string, summary: string) => ({ class: cls, service: null, summary, evidence: [], hint: "" });
const file = (verdict: Verdict, more: Partial<Results> = {}): Found => ({ is: "valid", value: { ...clean, verdict, ...more } });

const good: Seen = { missed: null, code: 0, said: "passed", results: file("passed"), writable: true, endedMs: 1_000, leftAtEnd: [], left: [] };
const interruption = { reason: reason("interrupted", "interrupted by SIGINT") };
const stopped: Seen = { ...good, code: 130, said: "interrupted", results: file("interrupted", interruption) };
const killed: Seen = { ...good, code: "SIGKILL", said: null, results: { is: "none" }, endedMs: 10 };
const infra: Seen = { ...good, code: 3, said: "infra", results: file("infra", { reason: reason("node-lost", "the node is gone") }) };

const sent = (signal: NodeJS.Signals, late = false): Expected => ({ verdicts: signal === "SIGKILL" ? [] : ["interrupted"], signal, late, withinMs: 15_000 });
const fault: Expected = { verdicts: ["infra", "passed"], signal: null, late: false, withinMs: 60_000 };

describe("a build that bore the fault", () => {
  const cases: [string, Seen, Expected][] = [
    ["an undisturbed one passes", good, undisturbed],
    ["an interrupted one says so", stopped, sent("SIGINT")],
    ["SIGTERM has a code of its own", { ...stopped, code: 143, results: file("interrupted", { reason: reason("interrupted", "interrupted by SIGTERM") }) }, sent("SIGTERM")],
    ["too late to be interrupted", good, sent("SIGINT", true)],
    ["past its last word it catches no signal", { ...good, code: "SIGTERM" }, sent("SIGTERM", true)],
    ["a killed one says nothing, and what it had went by itself", { ...killed, leftAtEnd: ["container node1"] }, sent("SIGKILL")],
    ["killed after its end", good, sent("SIGKILL", true)],
    ["an injected fault is the machine's", infra, fault],
    ["it went unnoticed", good, fault],
    ["passed, with residue that went later", { ...good, code: 4, results: file("passed", { teardown: { ...clean.teardown, status: "leaked" } }), leftAtEnd: ["volume data"] }, fault],
    ["results that could not be written", { ...good, results: { is: "none" }, writable: false }, fault],
  ];
  test.each(cases)("%s", (_, seen, expected) => expect(wrongs(seen, expected)).toEqual([]));
});

describe("what is wrong", () => {
  const cases: [string, Seen, Expected, RegExp][] = [
    ["the fault never struck", { ...good, missed: "its moment never came" }, fault, /did not strike: its moment never came/],
    ["an injected fault is the recipe's", { ...infra, code: 1, said: "failed", results: file("failed", { reason: reason("crash-loop", "app: 4 failures") }) }, fault, /told as the recipe's: failed \(crash-loop/],
    ["the same, and only the file says so", { ...infra, code: 1, said: null, results: file("failed") }, fault, /told as the recipe's/],
    ["a verdict that the fault does not explain", { ...infra, code: 5, said: "unverified", results: file("unverified") }, fault, /the verdict is unverified.*not infra or passed/],
    ["green although it was interrupted in the middle", good, sent("SIGINT"), /the verdict is passed/],
    ["interrupted by another signal", { ...stopped, code: 143 }, sent("SIGTERM"), /not by SIGTERM: interrupted by SIGINT/],
    ["SIGTERM with SIGINT's code", stopped, sent("SIGTERM"), /exit code 130 does not fit interrupted: 143 would/],
    ["infra with the exit code of a failed recipe", { ...infra, code: 1 }, fault, /exit code 1 does not fit infra/],
    ["0 although something stays", { ...good, results: file("passed", { teardown: { ...clean.teardown, status: "leaked" } }) }, fault, /exit code 0 does not fit passed: 4 would/],
    ["no verdict at all", { ...good, said: null, results: { is: "none" }, writable: false }, fault, /ended with 0 and without a verdict/],
    ["it survived SIGKILL in the middle", good, sent("SIGKILL"), /the verdict is passed.*not none at all/],
    ["it had to be killed", { ...good, code: "SIGKILL" }, fault, /ended by SIGKILL, not by itself/],
    ["its own handler did not catch the signal", { ...killed, code: "SIGTERM" }, sent("SIGTERM"), /ended by SIGTERM, not by itself/],
    ["there is no results.json", { ...infra, results: { is: "none" } }, fault, /there is no results\.json/],
    ["a results.json that is not whole", { ...killed, results: { is: "invalid", why: "Unexpected end of JSON input" } }, sent("SIGKILL"), /results\.json is not valid: Unexpected end/],
    ["the file says something else than the stream", { ...infra, results: file("passed") }, fault, /the stream says infra and results\.json passed/],
    ["clean, and something was there", { ...infra, leftAtEnd: ["network internal"] }, fault, /teardown says clean, and there was network internal/],
    ["it took too long", { ...stopped, endedMs: 16_000 }, sent("SIGINT"), /took 16 s to end, more than 15 s/],
    ["something stays", { ...killed, left: ["volume data"] }, sent("SIGKILL"), /left behind: volume data/],
    ["something stays of what was not even struck", { ...good, missed: "no node", left: ["volume data"] }, fault, /left behind: volume data/],
  ];
  test.each(cases)("%s", (_, seen, expected, words) => expect(wrongs(seen, expected).join("\n")).toMatch(words));
});

test("a signal in the middle leaves no other verdict than interrupted, at the end also what was shown", () => {
  const at = (name: string) => points.find((point) => point.name === name) ?? points[0]!;
  expect(wrongs(good, signalled(at("tiny: head starts"), "SIGTERM").expected)).not.toEqual([]);
  expect(wrongs(good, signalled(at("tiny: begin of teardown"), "SIGTERM").expected)).toEqual([]);
});
