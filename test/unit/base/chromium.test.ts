import { expect, test } from "vitest";
import { findChromium } from "../../../harness/base/chromium.ts";
import { obstacle } from "../../../harness/machine/browser.ts";

const find = (env: NodeJS.ProcessEnv, programs: string[], folders: Record<string, string[]> = {}) =>
  findChromium({ env, runs: (path) => programs.includes(path), list: (folder) => folders[folder] ?? [] });

test.each<[string, NodeJS.ProcessEnv, string[], string | null]>([
  ["none", { PATH: "/usr/bin" }, [], null],
  ["on the PATH, Chromium before Chrome", { PATH: "/opt/bin:/usr/bin" }, ["/opt/bin/google-chrome", "/usr/bin/chromium"], "/usr/bin/chromium"],
  ["not on the PATH", { PATH: "" }, ["/usr/lib/chromium/chromium"], "/usr/lib/chromium/chromium"],
  ["the one that is named", { PATH: "/usr/bin", RECIPE_CI_CHROMIUM: "/my/chrome" }, ["/usr/bin/chromium", "/my/chrome"], "/my/chrome"],
  ["no other than the one that is named", { PATH: "/usr/bin", RECIPE_CI_CHROMIUM: "/my/chrome" }, ["/usr/bin/chromium"], null],
])("a browser: %s", (_, env, programs, found) => {
  expect(find(env, programs)).toBe(found);
});

test("a browser: Playwright's newest", () => {
  const folder = "/home/me/.cache/ms-playwright";
  const program = (revision: number) => `${folder}/chromium-${revision}/chrome-linux/chrome`;
  expect(find({ HOME: "/home/me" }, [program(990), program(1100)], { [folder]: ["chromium-990", "ffmpeg-1", "chromium-1100"] })).toBe(program(1100));
});

test.each<[string, Parameters<typeof obstacle>[0], RegExp | null]>([
  ["root with leave", { named: undefined, root: true, apt: true, install: true }, null],
  ["nobody agreed", { named: undefined, root: true, apt: true, install: false }, /--install/],
  ["not root", { named: undefined, root: false, apt: true, install: true }, /administrator/],
  ["no apt-get", { named: undefined, root: true, apt: false, install: true }, /RECIPE_CI_CHROMIUM/],
  ["a wrong name", { named: "/no/chrome", root: true, apt: true, install: true }, /\/no\/chrome/],
])("installing one: %s", (_, given, words) => {
  if (words === null) expect(obstacle(given)).toBeNull();
  else expect(obstacle(given)).toMatch(words);
});
