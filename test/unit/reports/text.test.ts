import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { humanBytes, wrap } from "../../../reports/layout.ts";
import { renderText } from "../../../reports/text.ts";
import type { Results } from "../../../reports/results.ts";
import { crashLoop, infra, interrupted, passed } from "./samples.ts";

const plain = (results: Results, width = 80) => renderText(results, { color: false, width, resultsPath: "out/results.json" });

describe("the first line is the verdict", () => {
  const cases: [Results, RegExp][] = [
    [passed, /^PASSED {2}wordpress 1\.2\.0\+6\.1\.1 at 1a2b3c4d with changes, base 1\.1\.0\+6\.0\.0, in 42\.1 s\n/],
    [crashLoop, /^FAILED {2}wordpress 1\.2\.0\+6\.1\.1 at 1a2b3c4d, in 42\.1 s\n/],
    [infra, /^INFRA {2}wordpress at no commit, in 42\.1 s\n/],
    [interrupted, /^INTERRUPTED /],
  ];
  test.each(cases)("%#", (results, line) => expect(plain(results)).toMatch(line));
});

describe("what stands in the text", () => {
  const cases: [string, Results, readonly string[], readonly string[]][] = [
    ["passed", passed, [
      "  prepull         4.0 s\n    test runner  198 ms\n  install        38.1 s\n  together       42.1 s\n",
      "  ✓ install: 1 test\n  – backup: skipped; no backup labels\n",
      "Level 3 of 5  ✓ install  ✓ upgrade  – backup/restore  ? functional  ✓ lint\n",
      "  wordpress:6.1.1  cache  220.4 MB  3.2 s\n",
      "  ✓ extra: 1 test; without load (no visitor reaches it)\n      kill: app was back after 7.0 s\n",
      "Restarts  app 3 (3 excused: db was not ready, app was killed)\n",
      "  R014: no invalid lightweight tags\n",
      "operators must add to the app's .env: UPLOAD_MAX",
      "played by the stand-in",
      "Results out/results.json\n",
    ], ["What to do", "Left behind"]],
    ["crash loop", crashLoop, [
      "  db: exits with 1, four times within 23 s (crash-loop)\n    task 8fk2 slot 1: exit code 1\n",
      "  What to do: read the log of db",
      "  install   23.0 s  ✗ failed\n",
      "  ✗ install: 1 of 2 tests did not pass\n      ✗ shows a page\n        expected 200\n        got 502\n",
      "Left behind\n",
      "docker volume rm wordpress_ci_data\n",
    ], ["answers", "Warnings", "base"]],
    ["infra before there was anything", infra, ["no Docker engine answers (daemon)", "recipe-ci doctor --fix"], ["Phases", "Tiers", "Images", "On a throwaway"]],
    ["interrupted", interrupted, ["  install   100 ms  ! interrupted\n", "interrupted by SIGTERM"], []],
  ];
  test.each(cases)("%s", (_, results, present, absent) => {
    const text = plain(results);
    for (const part of present) expect(text).toContain(part);
    for (const part of absent) expect(text).not.toContain(part);
  });
});

test("colour changes nothing but the colour", () => {
  const colored = renderText(crashLoop, { color: true, width: 80 });
  expect(colored).toContain("\x1b[");
  expect(stripVTControlCharacters(colored)).toBe(renderText(crashLoop, { color: false, width: 80 }));
});

test("piped output holds no escape, not even a recipe's own", () => {
  const hostile = { ...crashLoop, reason: { ...crashLoop.reason!, evidence: ["\x1b[2J\x1b]0;title\x07cleared\r"] } };
  expect(plain(hostile)).not.toMatch(/(?!\n)\p{Cc}/u);
  expect(plain(hostile)).toContain("cleared");
});

test("prose keeps to the width, words that can be copied stay whole", () => {
  const long = plain(crashLoop, 60).split("\n").filter((line) => line.startsWith("    log:") || line.startsWith("      line"));
  expect(Math.max(...long.map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(wrap("see https://example.org/a/very/long/address now", "  ", 20)).toEqual(["  see", "    https://example.org/a/very/long/address", "    now"]);
});

test.each([[0, "0 B"], [999, "999 B"], [1000, "1.0 kB"], [220_400_000, "220.4 MB"], [5e15, "5000.0 TB"]])("%i bytes are %s", (bytes, text) => {
  expect(humanBytes(bytes)).toBe(text);
});
