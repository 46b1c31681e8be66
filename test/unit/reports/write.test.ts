import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resultsSchema } from "../../../reports/results.ts";
import { schemaFile, schemaText } from "../../../reports/schema.ts";
import { writeResults } from "../../../reports/write.ts";
import { crashLoop, infra, interrupted, passed } from "./samples.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "recipe-ci-results-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.each([passed, crashLoop, infra, interrupted])("what was written reads back as it was: %#", (results) => {
  const path = writeResults(join(dir, "new/folder"), results);
  expect(path).toBe(join(dir, "new/folder/results.json"));
  expect(resultsSchema.parse(JSON.parse(readFileSync(path, "utf8")))).toEqual(results);
});

test("an earlier file is replaced and nothing else is left in the folder", () => {
  writeResults(dir, passed);
  writeResults(dir, crashLoop);
  expect(readdirSync(dir)).toEqual(["results.json"]);
  expect(JSON.parse(readFileSync(join(dir, "results.json"), "utf8")).verdict).toBe("failed");
});

test("what does not fit the schema names the field and leaves the earlier file", () => {
  writeResults(dir, passed);
  const bad = { ...crashLoop, phases: [{ ...crashLoop.phases[0]!, durationMs: 1.5 }] };
  expect(() => writeResults(dir, bad)).toThrow(/phases\.0\.durationMs: /);
  expect(() => writeResults(dir, { ...crashLoop, surprise: 1 } as typeof crashLoop)).toThrow(/surprise/);
  expect(JSON.parse(readFileSync(join(dir, "results.json"), "utf8")).verdict).toBe("passed");
});

test("a failed write leaves no temporary file", () => {
  mkdirSync(join(dir, "results.json"));
  expect(() => writeResults(dir, passed)).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(dir)).toEqual(["results.json"]);
});

test("the committed schema is the one that the type gives (npm run schema)", () => {
  expect(readFileSync(schemaFile, "utf8")).toBe(schemaText());
});
