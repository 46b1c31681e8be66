import { describe, expect, test } from "vitest";
import { parseArgs } from "../../abra/args.ts";
import { abraShExports, parseEnv, splitType, withVersion } from "../../abra/env.ts";
import { interpolate } from "../../abra/interpolate.ts";
import { compareTags, isVersionTag } from "../../abra/semver.ts";

const flags = [{ long: "chaos", short: "C" }, { long: "no-input", short: "n" }, { long: "domain", short: "D", value: true as const }];

describe("flags", () => {
  test.each([
    [["a", "-nC", "b"], ["a", "b"], { "no-input": "true", chaos: "true" }],
    [["--domain=x.test", "a"], ["a"], { domain: "x.test" }],
    [["-D", "x.test"], [], { domain: "x.test" }],
    [["-Dx.test"], [], { domain: "x.test" }],
    [["-nD=x.test"], [], { "no-input": "true", domain: "x.test" }],
    [["--domain", "-n"], [], { domain: "-n" }],
    [["--chaos=false"], [], { chaos: "false" }],
  ])("%j", (argv, positionals, values) => {
    const args = parseArgs(argv, flags);
    expect(args.positionals).toEqual(positionals);
    expect(Object.fromEntries(args.values)).toEqual(values);
  });

  test("what follows -- is kept apart", () => {
    expect(parseArgs(["a", "--", "-x", "y"], flags).rest).toEqual(["-x", "y"]);
  });

  test.each([
    [["--nope"], "unknown flag: --nope"],
    [["-nx"], "unknown shorthand flag: 'x' in -nx"],
    [["-D"], "flag needs an argument: 'D' in -D"],
    [["--chaos=maybe"], "invalid argument"],
  ])("%j is refused", (argv, message) => {
    expect(() => parseArgs(argv, flags)).toThrow(message);
  });
});

describe("env files", () => {
  test("earlier values expand, except in single quotes; comments hold modifiers", () => {
    const { env, modifiers } = parseEnv(`A=one # note\nB="$A:two"\nexport C='$A'\nSECRET_X_VERSION=v1 # length=32 charset=hex\nD="a # b"\n#E=no\nF=\n`);
    expect(env).toEqual({ A: "one", B: "one:two", C: "$A", SECRET_X_VERSION: "v1", D: "a # b", F: "" });
    expect(modifiers).toEqual({ SECRET_X_VERSION: { length: "32", charset: "hex" } });
  });

  test.each([
    ["TYPE=wp\nX=1", "TYPE=wp:2.0.0+1\nX=1"],
    ["TYPE=wp:1.0.0+1 # kept", "TYPE=wp:2.0.0+1 # kept"],
    ['RECIPE="wp:1.0.0+1"', 'RECIPE="wp:2.0.0+1"'],
    ["TYPE=https://git.example/o/wp", "TYPE=https://git.example/o/wp:2.0.0+1"],
  ])("%j with a version is %j", (before, after) => {
    expect(withVersion(before, "2.0.0+1")).toBe(after);
  });

  test("a git address is a recipe without a version", () => {
    expect(splitType("https://git.example/o/wp")).toEqual({ recipe: "https://git.example/o/wp", version: null });
  });

  test("abra.sh is read, not run", () => {
    expect(abraShExports('#!/bin/bash\nexport A_VERSION=v2\n  export B=1\nC=3\nfn() { :; }')).toEqual({ A_VERSION: "v2" });
  });
});

test("interpolation follows docker's rules", () => {
  const env = { A: "a", EMPTY: "" };
  expect(interpolate("$A ${A} ${NO-d} ${EMPTY-d} ${EMPTY:-d} $$A ${NO}", env)).toBe("a a d  d $A ");
  expect(() => interpolate("${NO:?needed}", env)).toThrow("needed");
});

test("versions are ordered by number", () => {
  const tags = ["1.10.0+1.0.0", "1.9.0+2.0.0", "1.10.0+1.10.0", "1.10.0+1.9.0"];
  expect(tags.toSorted(compareTags)).toEqual(["1.9.0+2.0.0", "1.10.0+1.0.0", "1.10.0+1.9.0", "1.10.0+1.10.0"]);
  expect(["1.0.0", "v1.0.0+1", "1.0+1", "latest"].filter(isVersionTag)).toEqual(["v1.0.0+1"]);
});
