import { execa } from "execa";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";
import { choose, startingSet } from "../../../harness/commands/init.ts";
import { parseSettingsJson } from "../../../harness/config/recipe.ts";
import { testFiles } from "../../../harness/recipe/testFiles.ts";
import { materialise } from "../../recipes/build.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-init-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const init = (args: readonly string[], cwd = dir) => execa(join(packageRoot, "bin/recipe-ci"), ["init", ...args], { reject: false, cwd, timeout: 9000 });

describe("recipe-ci init", () => {
  test("writes settings and a test, says what next; a second time it changes nothing", async () => {
    const repo = await materialise("tiny", dir);
    const first = await init([], repo);
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    expect(first.stdout).toContain("wrote .recipe-ci/recipe.json");
    expect(first.stdout).toContain("recipe-ci run .  ");
    const own = join(repo, ".recipe-ci");
    expect(readdirSync(own).sort()).toEqual([".gitignore", "front-page.test.ts", "recipe.json", "tsconfig.json"]);
    writeFileSync(join(own, "front-page.test.ts"), "mine");
    const second = await init(["tiny"]);
    expect(second.exitCode).toBe(0);
    expect(second.stdout).not.toContain("wrote");
    expect(second.stdout).toContain("kept  .recipe-ci/front-page.test.ts, which was there");
    expect(readFileSync(join(own, "front-page.test.ts"), "utf8")).toBe("mine");
  });

  test("an editor knows what its tests may use, and git leaves what names this machine alone", async () => {
    const repo = await materialise("tiny", join(dir, "typed"));
    await init([], repo);
    const own = join(repo, ".recipe-ci");
    writeFileSync(join(own, "wrong.test.ts"), 'import { app, test } from "recipe-ci/testing";\n\ntest("wrong", async () => void ((await app.fetch("/")).status satisfies string));\n');
    const { stdout } = await execa(join(packageRoot, "node_modules/.bin/tsc"), ["-p", own], { reject: false, timeout: 25_000 });
    expect(stdout.split("\n")).toEqual([expect.stringMatching(/wrong\.test\.ts\(3,.*number.*string/)]);
    const { stdout: status } = await execa("git", ["status", "--porcelain", "--untracked-files=all"], { cwd: repo });
    expect(status).toContain(".recipe-ci/wrong.test.ts");
    expect(status).not.toContain("tsconfig");
  });

  test("a recipe that no visitor reaches gets a test that asks its services", async () => {
    const repo = join(dir, "worker");
    mkdirSync(repo);
    writeFileSync(join(repo, "compose.yml"), "version: '3.8'\nservices:\n  app:\n    image: debian:bookworm-slim\n");
    writeFileSync(join(repo, ".env.sample"), "TYPE=worker\n");
    expect((await init([repo])).exitCode).toBe(0);
    expect(readdirSync(join(repo, ".recipe-ci")).sort()).toEqual([".gitignore", "recipe.json", "running.test.ts", "tsconfig.json"]);
  });

  test.each([
    ["no recipe", ["."], "compose.yml: does not exist"],
    ["no folder", ["nowhere"], "nowhere: is no folder"],
  ])("%s: one clear line, exit 2", async (_, args, words) => {
    const { exitCode, stderr, stdout } = await init(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(words);
  });
});

describe("the starting set", () => {
  test.each([[true], [false]])("routed %s: settings that are taken, and a test of the custom tier", (routed) => {
    const set = startingSet(routed);
    const settings = set.find(({ name }) => name === "recipe.json");
    expect(() => parseSettingsJson(settings?.text ?? "", "recipe.json")).not.toThrow();
    expect(testFiles(set.map(({ name }) => name))).toMatchObject({ custom: [expect.stringMatching(/\.test\.ts$/)], odd: [] });
  });

  test.each<[string, string[], string[], string[]]>([
    ["an empty folder", [], ["recipe.json", "front-page.test.ts", "tsconfig.json", ".gitignore"], []],
    ["tests of one's own", ["mail/send.test.ts"], ["recipe.json", "tsconfig.json", ".gitignore"], ["mail/send.test.ts"]],
    ["settings that are there", ["recipe.json"], ["front-page.test.ts", "tsconfig.json", ".gitignore"], ["recipe.json"]],
    ["a clone of a recipe that has it all", [".gitignore", "recipe.json", "front-page.test.ts"], ["tsconfig.json"], ["recipe.json", "front-page.test.ts"]],
  ])("%s", (_, there, wanted, kept) => {
    const chosen = choose(startingSet(true), there);
    expect(chosen.wanted.map(({ name }) => name)).toEqual(wanted);
    expect(chosen.kept).toEqual(kept);
  });
});
