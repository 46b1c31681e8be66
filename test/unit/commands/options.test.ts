import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../harness/base/errors.ts";
import { buildRequest, defaultTiers, duration, type PipelineEnv, type RunFlags } from "../../../harness/commands/options.ts";

const from = (flags: RunFlags = {}, env: PipelineEnv = {}, source: string | undefined = "wordpress") => buildRequest(source, flags, env);

test("nothing but a recipe", () => {
  expect(from()).toEqual({
    source: "wordpress", sourceBase: null, ref: null, pr: null, trust: null, base: null, variant: null, env: {}, tiers: ["install", "upgrade", "backup", "restore", "custom"], quick: false, settings: null, config: null, swarm: "ephemeral",
    out: resolve("out"), keepMs: null, abra: null, standIn: false, install: false, hostImages: false, hostConfig: null, trigger: "manual", deadlineMs: 3_600_000,
  });
});

describe("flags", () => {
  test.each<[string, RunFlags, object]>([
    ["--ref", { ref: "v1" }, { ref: "v1", pr: null }],
    ["--pr", { pr: "12" }, { pr: 12, ref: null }],
    ["--base", { base: "1.0.0+6.1" }, { base: "1.0.0+6.1" }],
    ["--variant", { variant: "postgres" }, { variant: "postgres" }],
    ["--env", { env: ["A=1", "B=x=y", "C="] }, { env: { A: "1", B: "x=y", C: "" } }],
    ["--env again: the last wins", { env: ["A=1", "A=2"] }, { env: { A: "2" } }],
    ["--stages", { stages: "install" }, { tiers: ["install"] }],
    ["--stages in any order, with spaces", { stages: " upgrade , install " }, { tiers: ["install", "upgrade"] }],
    ["--quick", { quick: true }, { quick: true }],
    ["--quick with other stages", { quick: true, stages: "upgrade" }, { quick: true, tiers: ["upgrade"] }],
    ["--swarm local", { swarm: "local" }, { swarm: "local" }],
    ["--swarm ephemeral", { swarm: "ephemeral" }, { swarm: "ephemeral" }],
    ["--out", { out: "a/b" }, { out: resolve("a/b") }],
    ["--extra", { extra: true }, { tiers: [...defaultTiers, "extra"] }],
    ["--stages extra adds it", { stages: "extra" }, { tiers: [...defaultTiers, "extra"] }],
    ["--stages with --extra", { stages: "install", extra: true }, { tiers: ["install", "extra"] }],
    ["--keep", { keep: true }, { keepMs: 7_200_000 }],
    ["--keep=30m", { keep: "30m" }, { keepMs: 1_800_000 }],
    ["--abra", { abra: "/x/abra" }, { abra: "/x/abra" }],
    ["--host-images", { hostImages: true }, { hostImages: true }],
    ["--host-config", { hostConfig: "h.json" }, { hostConfig: "h.json" }],
    ["--trust", { trust: "data" }, { trust: "data" }],
    ["--trust data of a pull request, on a Swarm that stays", { trust: "data", pr: "3", swarm: "local" }, { trust: "data", swarm: "local" }],
    ["--install", { install: true }, { install: true }],
    ["--deadline", { deadline: "90s" }, { deadlineMs: 90_000 }],
  ])("%s", (_, flags, expected) => {
    expect(from(flags)).toMatchObject(expected);
  });
});

describe("the environment of a pipeline says the same", () => {
  test.each<[string, PipelineEnv, object]>([
    ["RECIPE", { RECIPE: "ghost" }, { source: "ghost" }],
    ["REF", { REF: "v1" }, { ref: "v1" }],
    ["PR", { PR: "3" }, { pr: 3, ref: null }],
    ["PR and REF, as a pipeline sets both", { PR: "3", REF: "abc" }, { pr: 3, ref: null }],
    ["SRC", { SRC: "/recipes" }, { sourceBase: "/recipes" }],
    ["STAGES", { STAGES: "upgrade" }, { tiers: ["upgrade"] }],
    ["EXTRA_TESTS=1", { EXTRA_TESTS: "1" }, { tiers: [...defaultTiers, "extra"] }],
    ["STAGES=extra adds it", { STAGES: "extra" }, { tiers: [...defaultTiers, "extra"] }],
    ["STAGES with extra in it", { STAGES: "extra,install" }, { tiers: ["install", "extra"] }],
    ["EXTRA_TESTS off", { EXTRA_TESTS: "0" }, {}],
    ["CI", { CI: "true" }, { trigger: "ci" }],
    ["RECIPE_CI_ABRA", { RECIPE_CI_ABRA: "/x/abra" }, { abra: "/x/abra" }],
    ["set and empty is not set", { RECIPE: "ghost", REF: "", PR: "", SRC: "", STAGES: "", EXTRA_TESTS: "", RECIPE_CI_ABRA: "" }, { ref: null, pr: null, sourceBase: null, abra: null, tiers: ["install", "upgrade", "backup", "restore", "custom"] }],
  ])("%s", (_, env, expected) => {
    expect(buildRequest(env.RECIPE === undefined ? "wordpress" : undefined, {}, env)).toMatchObject(expected);
  });

  test.each<[string, RunFlags, PipelineEnv, object]>([
    ["--ref over REF", { ref: "a" }, { REF: "b" }, { ref: "a" }],
    ["--ref over PR", { ref: "a" }, { PR: "3" }, { ref: "a", pr: null }],
    ["--pr over PR", { pr: "1" }, { PR: "3" }, { pr: 1 }],
    ["--pr over REF", { pr: "1" }, { REF: "b" }, { pr: 1, ref: null }],
    ["--stages over STAGES", { stages: "install" }, { STAGES: "nonsense" }, { tiers: ["install"] }],
    ["the argument over RECIPE", {}, { RECIPE: "ghost" }, { source: "wordpress" }],
    ["incident 38: --ref over PR believes no more of it", { ref: "a" }, { PR: "3" }, { ref: "a", trust: "none" }],
    ["--trust over PR", { trust: "data" }, { PR: "3" }, { pr: 3, trust: "data" }],
    ["--abra over RECIPE_CI_ABRA", { abra: "/a" }, { RECIPE_CI_ABRA: "/b" }, { abra: "/a" }],
  ])("flags win: %s", (_, flags, env, expected) => {
    expect(from(flags, env)).toMatchObject(expected);
  });
});

describe("refused with what is wrong and what to do", () => {
  test.each<[string, RunFlags, PipelineEnv, string]>([
    ["--ref with --pr", { ref: "a", pr: "1" }, {}, "--ref and --pr: contradict each other; give one of them"],
    ["--quick with --stages install", { quick: true, stages: "upgrade, install" }, {}, "--quick and --stages install: contradict each other"],
    ["--pr that is no number", { pr: "twelve" }, {}, '--pr: "twelve" is no pull request number; write it like --pr 12'],
    ["--pr 0", { pr: "0" }, {}, '--pr: "0" is no pull request number'],
    ["PR that is no number is not blamed on a flag", {}, { PR: "x" }, 'PR: "x" is no pull request number'],
    ["--env without a value", { env: ["A"] }, {}, '--env: "A" is not K=V'],
    ["--env without a name", { env: ["=1"] }, {}, '--env: "=1" is not K=V'],
    ["--env with a name that is none", { env: ["A B=1"] }, {}, '--env: "A B=1" is not K=V'],
    ["--env TYPE", { env: ["TYPE=x"] }, {}, "--env TYPE: is set by the build itself"],
    ["--env DOMAIN", { env: ["DOMAIN=x"] }, {}, "--env DOMAIN: is set by the build itself"],
    ["--env LETS_ENCRYPT_ENV", { env: ["LETS_ENCRYPT_ENV=production"] }, {}, "--env LETS_ENCRYPT_ENV: is set by the build itself"],
    ["an unknown stage", { stages: "instal" }, {}, '--stages: unknown stage "instal", did you mean "install"?; the stages are install, upgrade, backup, restore, custom, extra'],
    ["an unknown stage like no other", { stages: "qqqqqq" }, {}, '--stages: unknown stage "qqqqqq"; the stages are'],
    ["an unknown stage of the environment", {}, { STAGES: "upgrad" }, 'STAGES: unknown stage "upgrad", did you mean "upgrade"?'],
    ["no stage at all", { stages: " , " }, {}, "--stages: names no stage"],
    ["an unknown swarm", { swarm: "remote" }, {}, '--swarm: unknown value "remote"; give ephemeral or local'],
    ["a deadline that is none", { deadline: "soon" }, {}, '--deadline: "soon" is no duration; write it like 90s, 45m or 2h'],
    ["a deadline that no timer can hold", { deadline: "999h" }, {}, "--deadline: 999h is too long; give a week (168h) at most"],
    ["--keep for no time", { keep: "0m" }, {}, '--keep: "0m" is no duration'],
    ["an unknown trust", { trust: "test" }, {}, '--trust: unknown level "test", did you mean "tests"?; give one of none, data, tests'],
    ["an unknown trust like no other", { trust: "qqqqqq" }, {}, '--trust: unknown level "qqqqqq"; give one of none, data, tests'],
    ["incident 38: a pull request on a Swarm that stays", { pr: "3", swarm: "local" }, {}, "--swarm local: contradicts a pull request that nobody vouches for: what is not believed runs on a Swarm of its own; leave --swarm out, or let a maintainer"],
    ["a pull request by its ref, there", { ref: "refs/pull/3/head", swarm: "local" }, {}, "--swarm local: contradicts a pull request that nobody vouches for"],
    ["a pipeline's pull request, there, under another ref", { ref: "main", swarm: "local" }, { PR: "3" }, "--swarm local: contradicts a pull request that nobody vouches for"],
    ["--trust none there", { trust: "none", swarm: "local" }, {}, "--swarm local: contradicts --trust none"],
    // Not yet.
    ["incident 38: the tests of a pull request on a Swarm that stays", { trust: "tests", pr: "3", swarm: "local" }, {}, "--swarm local: contradicts --trust tests of a pull request: its tests run in a container on a node that is thrown away; leave --swarm out"],
    ["its tests by its ref there", { trust: "tests", ref: "pull/3/head", swarm: "local" }, {}, "--swarm local: contradicts --trust tests"],
    ["its tests in a pipeline, under another ref", { trust: "tests", ref: "main" }, { PR: "3" }, "--trust tests: the pipeline runs for a pull request, and nothing says whether this ref is of it"],
    ["EXTRA_TESTS", {}, { EXTRA_TESTS: "maybe" }, 'EXTRA_TESTS: unknown value "maybe"; set it to 1, or to 0'],
    ["--lane", { lane: "release" }, {}, "--lane: not yet:"],
    ["--swarm ssh://", { swarm: "ssh://host" }, {}, "--swarm ssh://host: not yet:"],
  ])("%s", (_, flags, env, message) => {
    expect(() => from(flags, env)).toThrow(UsageError);
    expect(() => from(flags, env)).toThrow(message);
  });

  test.each([undefined, ""])("no recipe at all: %s", (RECIPE) => {
    expect(() => buildRequest(undefined, {}, { RECIPE })).toThrow("recipe: which recipe to test is missing; name a recipe, a path or a git URL");
  });
});

test.each<[string, number | null]>([
  ["1s", 1000],
  ["45m", 2_700_000],
  ["2h", 7_200_000],
  ["168h", 604_800_000],
  ["169h", null],
  ["1", null],
  ["", null],
  ["-1m", null],
  ["1.5h", null],
  ["1d", null],
  ["1 h", null],
  ["99999999999999999999s", null],
])("a duration: %s", (text, ms) => {
  if (ms === null) expect(() => duration("--x", text)).toThrow(UsageError);
  else expect(duration("--x", text)).toBe(ms);
});
