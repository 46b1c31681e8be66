import { type Canary, failed, passed, unverified } from "./canary.ts";

const head = `import { readFileSync } from "node:fs";\nimport { app, expect, test } from "recipe-ci/testing";\n`;
const good = `test("the page is head's", async () => expect((await app.fetch("/")).text()).toContain("head"));\n`;
/** A recipe whose own tests are these files. */
const testing = (files: Readonly<Record<string, string>>) => ({ files: Object.fromEntries(Object.entries(files).map(([name, text]) => [`.recipe-ci/${name}`, text])) });
const one = (body: string) => testing({ "page.test.ts": head + body });

/** Recipes that are fine and whose own tests are not. */
export const customs: readonly Canary[] = [
  { name: "own-tests", about: "tests of its own that pass", head: one(good), expect: passed({ tiers: { install: "passed", custom: "passed" } }) },
  { name: "test-fails", about: "one of its tests fails", head: one(`${good}test("it has a shop", async () => expect((await app.fetch("/shop")).status).toBe(200));\n`), expect: failed("tests-failed", null, { words: /it has a shop/, tiers: { install: "passed", custom: "failed" } }) },
  { name: "skipped-test", about: "a test that is skipped", head: one(`${good}test.skip("later", () => {});\n`), expect: unverified("tier-unverified", null, { words: /skipped: later/, tiers: { custom: "unverified" } }) },
  { name: "only-one-test", about: "test.only leaves the others out", head: one(`${good.replace("test(", "test.only(")}test("the other", () => {});\n`), expect: unverified("tier-unverified", null, { words: /the other/ }) },
  { name: "no-tests-in-folder", incident: 10, about: "a folder of tests with no test in it", head: testing({ "page.spec.js": good }), expect: unverified("tier-unverified", null, { words: /page\.spec\.js/, tiers: { install: "passed", custom: "unverified" } }) },
  { name: "no-tests-after-some", incident: 10, about: "the tiers before had tests, this file has none", head: one("export {};\n"), expect: unverified("tier-unverified", null, { words: /no test/, tiers: { install: "passed", custom: "unverified" } }) },
  { name: "one-file-empty", about: "one file has tests, the other has none", head: testing({ "page.test.ts": head + good, "shop.test.ts": "export {};\n" }), expect: unverified("tier-unverified", null, { words: /shop\.test\.ts/ }) },
  { name: "test-does-not-load", about: "a test file with a wrong import", head: one(`import "./not-there.ts";\n${good}`), expect: failed("tests-failed", null, { words: /could not run/, tiers: { install: "passed" } }) },
  {
    name: "cancelled-in-test", about: "interrupted while a test runs",
    head: one(`test("long", async () => {\n  process.kill(Number(readFileSync("/var/tmp/canaries/cancelled-in-test.pid", "utf8")), "SIGINT");\n  await new Promise(() => {});\n});\n`),
    expect: { verdict: "interrupted", class: "interrupted", service: null, tiers: { install: "passed", custom: "interrupted" } },
  },
  {
    name: "endless-loop", about: "a test that never ends and lets nobody else run",
    head: testing({ "page.test.ts": head + `test("busy", () => {\n  for (;;);\n});\n`, "recipe.json": '{"timeouts": {"tier": 15}}' }),
    expect: unverified("tier-unverified", null, { words: /busy/, tiers: { install: "passed", custom: "unverified" } }),
  },
  {
    name: "declared-skip", about: "its own tests are skipped, and its settings say why",
    head: testing({ "page.test.ts": head + good, "recipe.json": '{"skip": {"custom": "needs a mail server"}}' }),
    expect: passed({ tiers: { install: "passed", custom: "skipped" } }),
  },
];
