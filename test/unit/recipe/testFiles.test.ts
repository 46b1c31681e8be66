import { expect, test } from "vitest";
import { testFiles } from "../../../harness/recipe/testFiles.ts";

const none = { custom: [], extra: [], hooks: null, odd: [], helpers: [] };

test.each<[string, string[], object]>([
  ["nothing", [], none],
  ["settings and prose are no tests", ["recipe.ts", "recipe.json", "README.md", "page.html"], none],
  ["tests, helpers, hooks", ["b.test.ts", "a.test.ts", "login.ts", "hooks.ts", "recipe.ts"], { ...none, custom: ["a.test.ts", "b.test.ts"], hooks: "hooks.ts", helpers: ["login.ts"] }],
  ["extra by its folder, however deep", ["extra/load.test.ts", "mail/extra/a.test.ts", "mail/b.test.ts", "extra.test.ts"], { ...none, custom: ["extra.test.ts", "mail/b.test.ts"], extra: ["extra/load.test.ts", "mail/extra/a.test.ts"] }],
  ["what looks like a test", ["a.test.ts", "b.spec.ts", "c.test.js", "d_test.ts", "e.test.tsx"], { ...none, custom: ["a.test.ts"], odd: ["b.spec.ts", "c.test.js", "d_test.ts", "e.test.tsx"] }],
  ["helpers with no test beside them", ["frontpage.ts"], { ...none, odd: ["frontpage.ts"], helpers: ["frontpage.ts"] }],
  ["helpers of hooks alone", ["hooks.ts", "site.ts"], { ...none, hooks: "hooks.ts", helpers: ["site.ts"] }],
  ["somebody else's", ["node_modules/x/a.test.ts", ".cache/a.test.ts"], none],
])("%s", (_, names, found) => {
  expect(testFiles(names)).toEqual(found);
});
