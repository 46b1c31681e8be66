import assert from "node:assert/strict";
import { type Arbitrary, array, constantFrom, double, integer, jsonValue, option, oneof, record, string } from "fast-check";
import { heard, longestMessage } from "../../../tiers/runner/heard.ts";
import { readTrace } from "../../../tiers/runner/trace.ts";
import { resultOf } from "../../../tiers/runner/result.ts";
import { cases, much, orRefused, type Parser } from "../parser.ts";
import { names, pieced, tricks } from "../texts.ts";

const odd: Arbitrary<unknown> = oneof(jsonValue({ maxDepth: 2 }), constantFrom(...tricks));
const likely = (wanted: Arbitrary<unknown>) => oneof({ weight: 12, arbitrary: wanted }, { weight: 1, arbitrary: odd });
const words = pieced(["\u001b[2J", "\u001b]0;", "\u0007", "\n", "\r", "\u2028", "\u202e", "PASSED", " "], 12);
const file = oneof(constantFrom("/recipe/.recipe-ci/a.test.ts", "/recipe/.recipe-ci/b.test.ts"), words);
const test = record({ name: likely(oneof(names, words)), file: likely(file), state: likely(constantFrom("passed", "failed", "skipped", "pending")), durationMs: likely(double()), error: likely(option(words)), note: likely(option(words)) });
const module = record({ file: likely(file), state: likely(constantFrom("passed", "failed", "skipped", "pending", "queued")), errors: likely(array(words, { maxLength: 2 })), tests: likely(array(test, { maxLength: 3 })), leftOut: likely(integer()) });
const report = record({ reason: likely(constantFrom("passed", "failed", "interrupted")), modules: likely(array(module, { maxLength: 3 })), errors: likely(array(words, { maxLength: 2 })) });
const line = record({ file, name: words, state: likely(constantFrom("began", "passed", "failed")), durationMs: likely(integer()), error: likely(option(words)) });
const message: Arbitrary<unknown> = oneof(
  record({ type: constantFrom("report"), run: likely(integer()), report: likely(report) }),
  record({ type: constantFrom("log"), line: likely(words) }),
  record({ type: constantFrom("trace"), text: oneof(words, array(oneof(line.map((one) => JSON.stringify(one)), words), { maxLength: 4 }).map((lines) => `${lines.join("\n")}\n`)) }),
  odd,
);

const files = ["/recipe/.recipe-ci/a.test.ts"];
/** Whatever is refused is refused by an Error: the container is then ended. */
const isError = (error: unknown) => error instanceof Error;

export const strangers: Parser = {
  name: "strangers' reports",
  cases: cases(oneof({ weight: 12, arbitrary: message.map((one) => JSON.stringify(one) ?? "") }, { weight: 1, arbitrary: string({ unit: "binary" }) }), (json) => {
    const said = orRefused(() => heard(json), isError);
    if (said === null) return;
    assert.doesNotMatch(JSON.stringify(said).replaceAll("\\n", ""), /\\u00[01][0-9a-f]|[\u2028\u2029\u202a-\u202e\u0080-\u009f]/);
    if (said.type === "trace") readTrace(said.text);
    if (said.type !== "report") return;
    const { status } = resultOf({ tier: "custom", files, skip: {} }, said.report);
    // A green is of the file that was asked for, with a test that passed and none that failed.
    if (status !== "passed") return;
    const own = said.report.modules.flatMap((one) => (one.file === files[0] ? one.tests : []));
    assert.ok(own.length > 0 || said.report.modules.some(({ leftOut }) => leftOut > 0));
    assert.ok(said.report.modules.every(({ tests }) => tests.every(({ state }) => state === "passed")));
  }),
  long: {
    "terminal commands that never end": () => void heard(JSON.stringify({ type: "log", line: much("\u001b]", longestMessage / 8) })),
    "many such texts": () => void heard(JSON.stringify({ type: "report", run: 1, report: { reason: "failed", modules: [], errors: Array.from({ length: 100 }, () => much("\u001b]", 5_000)) } })),
    "a trace of line ends": () => void heard(JSON.stringify({ type: "trace", text: much("\n", longestMessage / 4) })),
    "deep lists": () => void orRefused(() => heard(much("[", longestMessage)), isError),
  },
};
