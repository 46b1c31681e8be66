import assert from "node:assert/strict";
import { constantFrom, jsonValue, oneof, record, string } from "fast-check";
import { answer, generatedSchema, listSchema, psSchema } from "../../../harness/abra/answers.ts";
import { lintTable, unsatisfied } from "../../../harness/abra/lintTable.ts";
import { lastLines, outcomeOf, saidBy } from "../../../harness/abra/outcome.ts";
import { versionIn } from "../../../harness/abra/version.ts";
import { cases, much, orRefused, type Parser } from "../parser.ts";
import { pieced } from "../texts.ts";

const output = pieced(["\n", "\r\n", "│", "┃", "|", " ", "R001", "R014", "warn", "error", "✅", "❌", "\ufe0f", "yes", "FATA", "FATA <a.go:1> ", "INFO ", "\u001b[31m", "\u001b]8;;x\u0007", "\u001b", "abra version 0.13.0-beta-06a57de", "━━━", "┏", "│ R001 │ rule │ error │ ❌ │ - │ fix │\n", "│ │ more │ │ │ │ it │\n"], 60);

export const lint: Parser = {
  name: "lint table",
  cases: cases(output, (text) => {
    const rows = lintTable(text);
    for (const { ref, satisfied } of rows) assert.ok(/^R\d{3}$/.test(ref) && (satisfied === null || typeof satisfied === "boolean"));
    assert.ok(unsatisfied(rows, "error").length <= rows.length);
  }),
  long: {
    "walls": () => void lintTable(much("│", 1_000_000)),
    "blanks": () => void lintTable(`${much(" ", 1_000_000)}x`),
    "a cell that goes on": () => void lintTable(`│ R001 │ a │ error │ ❌ │ - │ b │\n${much("│ │ more │ │ │ │ text │\n", 1_000_000)}`),
    "escapes": () => void lintTable(much("\u001b[", 1_000_000)),
    "an escape that does not end": () => void lintTable(`\u001b]${much("8;", 1_000_000)}`),
    "an escape of numbers": () => void lintTable(`\u001b[${much("1;", 1_000_000)}`),
  },
};

const objects = oneof(jsonValue(), record({ __proto__: jsonValue(), a: record({ service: string(), image: string(), state: string(), status: string(), version: string(), chaos: string() }) }, { requiredKeys: [] }), record({ default: record({ apps: jsonValue() }) }));

export const abra: Parser = {
  name: "abra's output",
  cases: cases(record({ stdout: oneof(output, objects.map((value) => JSON.stringify(value)), constantFrom('{"__proto__":{"apps":[]}}', '{"__proto__":"x"}', '[{"name":"__proto__","value":"x"}]')), stderr: output, exitCode: constantFrom(0, 1, 124) }), ({ stdout, stderr, exitCode }) => {
    const outcome = outcomeOf({ exitCode, stdout, stderr, timedOut: exitCode === 124, durationMs: 1 });
    assert.equal(outcome.ok, exitCode === 0 && outcome.fatal === null);
    assert.ok(saidBy(outcome) !== "");
    lastLines(outcome);
    versionIn(outcome.stdout);
    orRefused(() => Object.values(answer(psSchema, outcome, "app ps")));
    orRefused(() => Object.values(answer(listSchema, outcome, "app list")).flatMap(({ apps }) => apps));
    const secrets = orRefused(() => answer(generatedSchema, outcome, "secret generate", true));
    assert.ok(Object.values(secrets ?? {}).every((value) => typeof value === "string"));
  }),
  long: {
    "FATA and blanks": () => void outcomeOf({ exitCode: 1, stdout: "", stderr: `FATA${much(" ")}`, timedOut: false, durationMs: 1 }),
    "FATA and a place that does not end": () => void outcomeOf({ exitCode: 1, stdout: "", stderr: `FATA ${much("<")}`, timedOut: false, durationMs: 1 }),
    "blanks before FATA": () => void outcomeOf({ exitCode: 1, stdout: "", stderr: much(" ", 1_000_000), timedOut: false, durationMs: 1 }),
    "FATA without an end": () => void outcomeOf({ exitCode: 1, stdout: "", stderr: `FATA${much("A", 1_000_000)}`, timedOut: false, durationMs: 1 }),
    "a version of digits": () => void versionIn(`abra version 1.1.${much("1")} x`),
    "a version and blanks": () => void versionIn(`abra version 1.1.1${much(" ")}x`),
    "a version of dots": () => void versionIn(`abra version ${much("1.1.")} x`),
    "many lines": () => void outcomeOf({ exitCode: 1, stdout: much("FATA x\n", 1_000_000), stderr: "", timedOut: false, durationMs: 1 }),
  },
};
