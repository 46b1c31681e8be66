import { execa } from "execa";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { defaultTiers } from "../../../harness/commands/options.ts";
import { packageRoot } from "../../../harness/base/paths.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-cli-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** As a caller runs it: its own process, an empty folder, a state of its own. */
const cli = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const clean = { RECIPE: "", REF: "", PR: "", SRC: "", STAGES: "", EXTRA_TESTS: "", RECIPE_CI_STATE: join(dir, "state"), ...env };
  const { exitCode, stdout, stderr } = await execa(join(packageRoot, "bin/recipe-ci"), args, { reject: false, cwd: dir, env: clean, timeout: 9000 });
  return { exitCode, stdout, stderr };
};

describe("help", () => {
  test.each([["--help"], ["run", "--help"]])("%s shows examples", async (...args) => {
    const { exitCode, stdout } = await cli(args);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Examples:");
    expect(stdout).toContain("recipe-ci run .  ");
  });

  test("run --help names every tier that there is", async () => {
    expect((await cli(["run", "--help"])).stdout.replaceAll(/\s+/g, " ")).toContain(`(default: all of ${defaultTiers.join(",")}; extra alone is added to them)`);
  });

  test("--version", async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
    expect(await cli(["--version"])).toMatchObject({ exitCode: 0, stdout: version });
  });
});

writeFileSync(join(dir, "host.json"), '{"bsaeDomain":"x"}');
mkdirSync(join(dir, "conf"));
writeFileSync(join(dir, "conf", "recipe.json"), '{"restarts":{"failures":0}}');

test.each<[string, string[], Record<string, string>, string]>([
  ["an unknown command", ["rnu", "wordpress"], {}, "(Did you mean run?)"],
  ["an unknown flag", ["run", "wordpress", "--stage", "install"], {}, "(Did you mean --stages?)"],
  ["a flag without its value", ["run", "wordpress", "--ref"], {}, "--ref <ref>"],
  ["an argument too many", ["run", "wordpress", "ghost"], {}, "too many arguments"],
  ["no recipe", ["run"], {}, "which recipe to test is missing"],
  ["an unknown stage", ["run", "wordpress", "--stages", "instal"], {}, 'did you mean "install"?'],
  ["flags that contradict each other", ["run", "wordpress", "--ref", "a", "--pr", "1"], {}, "contradict each other"],
  ["a flag that --on leaves no choice for", ["run", "--on", "r1", "--extra"], {}, "r1"],
  ["a flag of a later version", ["run", "wordpress", "--lane", "x"], {}, "not yet"],
  ["a bad environment", ["run", "wordpress"], { STAGES: "instal" }, "STAGES: unknown stage"],
  ["a key of host.json", ["run", "wordpress", "--host-config", join(dir, "host.json")], {}, 'unknown key "bsaeDomain", did you mean "baseDomain"?'],
  ["a folder of settings that is not there", ["run", "wordpress", "--config", join(dir, "none")], {}, "none: does not exist; name a folder with a recipe.ts or recipe.json in it"],
  ["settings that make no sense", ["run", "wordpress", "--config", join(dir, "conf")], {}, "conf/recipe.json: restarts.failures is 0; give a whole number from 1 to 40"],
  ["a run that is not kept", ["open", "r1"], {}, "run r1: is not kept"],
  ["a run to try a fix on that is not kept", ["run", "--on", "r1"], {}, "run r1: is not kept"],
  ["a number of lines that is none", ["logs", "r1", "app", "--tail", "0"], {}, "give a number of lines"],
])("%s: one clear line, exit 2, nothing left behind", async (_, args, env, message) => {
  const { exitCode, stdout, stderr } = await cli(args, env);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at .*\.ts:/m);
  expect(exitCode).toBe(2);
  expect(stdout).toBe("");
  expect(readdirSync(dir)).toEqual(["conf", "host.json"]);
});

test("nobody reads the output: no crash", async () => {
  const { stderr, exitCode } = await execa("sh", ["-c", '(sleep 0.3; "$0" run --help; echo "exit $?" >&2) | true', join(packageRoot, "bin/recipe-ci")], { reject: false, timeout: 9000 });
  expect(stderr).toBe("exit 0");
  expect(exitCode).toBe(0);
});
