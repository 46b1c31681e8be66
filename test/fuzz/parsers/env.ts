import assert from "node:assert/strict";
import { constantFrom, dictionary, oneof, record, string } from "fast-check";
import { addedKeys, composeFiles, envValues, exportsOf, parseEnv, setEnv } from "../../../harness/recipe/envfile.ts";
import { cases, much, orRefused, type Parser } from "../parser.ts";
import { pieced, tricks } from "../texts.ts";

const texts = pieced(["\n", "\r\n", "=", "\"", "'", "#", " ", "\t", "\\", "$", "${", "}", ":-", "export ", "DOMAIN", "A", "B", "A=1\n", "B=\"x y\" # length=3\n", "$A", "${B:-c}", "#A=1\n", "SECRET_DB_VERSION=v1"]);
const keys = oneof(constantFrom("A", "B", "DOMAIN", "COMPOSE_FILE", ...tricks), string({ unit: constantFrom("A", "Z", "_", "a", "z", "0", "9"), minLength: 1, maxLength: 5 }).filter((key) => /^[A-Za-z_]/.test(key)));
const values = string({ unit: "binary", maxLength: 20 }).filter((value) => !value.includes("\0"));

/** The lines that are not the last assignment of a key that was set. */
function untouched(text: string, set: readonly string[]): string[] {
  const lines = text.split(/\r?\n/);
  const last = new Set(set.map((key) => lines.findLastIndex((line) => parseEnv(line)[0]?.key === key)));
  return lines.filter((_, index) => !last.has(index));
}

export const env: Parser = {
  name: "env file",
  cases: cases(record({ text: texts, more: texts, set: dictionary(keys, values, { maxKeys: 4 }) }), ({ text, more, set }) => {
    const read = orRefused(() => parseEnv(text));
    const found = orRefused(() => envValues(text));
    assert.deepEqual(found && Object.keys(found).sort(), read && [...new Set(read.map(({ key }) => key))].sort());
    assert.ok(found === null || Object.values(found).every((value) => typeof value === "string"));
    orRefused(() => addedKeys(text, more));
    assert.ok(Object.values(exportsOf(text)).every((value) => typeof value === "string"));
    assert.ok(composeFiles(found ?? {}).length > 0);
    const written = setEnv(text, set);
    const after = orRefused(() => envValues(written));
    for (const [key, value] of Object.entries(set)) if (after) assert.equal(Object.hasOwn(after, key) ? after[key] : undefined, value);
    const kept = written.split(/\r?\n/);
    for (const line of untouched(text, Object.keys(set))) assert.ok(kept.includes(line), `lost ${JSON.stringify(line)}`);
    assert.equal(setEnv(written, set), written);
  }),
  long: {
    "blanks without a comment": () => parseEnv(`A=x${much(" ")}y`),
    "blanks in front": () => parseEnv(`${much(" ")}A`),
    "export and blanks": () => parseEnv(`export${much(" ")}1`),
    "a quote that does not end": () => parseEnv(`A="${much("\\a")}`),
    "references that do not end": () => parseEnv(`A=${much("${A-")}`),
    "many references": () => parseEnv(`A=x\nB=${much("${A}")}`),
    "a value that doubles": () => void orRefused(() => parseEnv(`A0=xxxxxxxx\n${Array.from({ length: 60 }, (_, i) => `A${i + 1}=$A${i}$A${i}`).join("\n")}`)),
    "many lines, many keys set": () => void setEnv(much("A=1\n", 1_000_000), { A: "2", B: "3", C: "4" }),
    "many keys": () => void envValues(Array.from({ length: 50_000 }, (_, i) => `K${i}=${i}`).join("\n")),
    "modifiers": () => void parseEnv(`A=1 # ${much("a=")}`),
    "a long key": () => void parseEnv(much("A", 1_000_000)),
  },
};
