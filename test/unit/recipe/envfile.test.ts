import { assert, constantFrom, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { addedKeys, composeFiles, envValues, exportsOf, parseEnv, setEnv } from "../../../harness/recipe/envfile.ts";

const sample = `TYPE=wordpress
DOMAIN=wordpress.example.com
## Domain aliases
#EXTRA_DOMAINS=', \`www.wordpress.example.com\`'
LETS_ENCRYPT_ENV=production

COMPOSE_FILE="compose.yml"
COMPOSE_FILE="$COMPOSE_FILE:compose.mariadb.yml"
export PHP_INI='memory = $1 # not a comment'
TIMEOUT=300 # seconds
EMPTY=
SECRET_DB_PASSWORD_VERSION=v1 # length=128 charset=hex generate=false
`;

describe("parseEnv", () => {
  it("reads values, expands earlier ones and leaves comments out", () => {
    expect(envValues(sample)).toEqual({
      TYPE: "wordpress",
      DOMAIN: "wordpress.example.com",
      LETS_ENCRYPT_ENV: "production",
      COMPOSE_FILE: "compose.yml:compose.mariadb.yml",
      PHP_INI: "memory = $1 # not a comment",
      TIMEOUT: "300",
      EMPTY: "",
      SECRET_DB_PASSWORD_VERSION: "v1",
    });
  });

  it("reads modifiers from the trailing comment", () => {
    expect(parseEnv(sample).at(-1)?.modifiers).toEqual({ length: "128", charset: "hex", generate: "false" });
    expect(parseEnv("A=x # plain words")[0]?.modifiers).toEqual({});
  });

  it.each([
    ["A=a#b", "a#b"],
    ["A=#b", ""],
    ['A="a\\"b\\n"', 'a"b\n'],
    ["A='$B'", "$B"],
    ["A=\\$B", "$B"],
    ["B=1\nA=${B}x$B", "1x1"],
    ["A=${NOT_SET:-d}", "d"],
    ["A=$HOME", ""],
    ["  export A = spaced  ", "spaced"],
    ["A=1\nA=2", "2"],
    ["A=1\r\nB=2", "1"],
  ])("%j gives A %j", (text, value) => expect(envValues(text).A).toBe(value));
});

describe("what is too long to be read", () => {
  it("a value that doubles with each line is refused, with the key", () => {
    const doubling = ["A0=xxxxxxxx", ...Array.from({ length: 60 }, (_, index) => `A${index + 1}=$A${index}$A${index}`)].join("\n");
    expect(() => parseEnv(doubling)).toThrow("the env file makes A15 longer than 131072 characters");
  });

  it("references that do not end stay what they are", () => {
    expect(envValues("A=${B ${C} ${D").A).toBe("${B  ${D");
  });
});

describe("setEnv", () => {
  it("changes the last assignment in place and keeps everything else", () => {
    const changed = setEnv(sample, { DOMAIN: "word1a2b3c.ci.test", LETS_ENCRYPT_ENV: "", TIMEOUT: "60", COMPOSE_FILE: "compose.yml", NEW: "a b" });
    expect(changed).toBe(
      `${sample
        .replace("wordpress.example.com\n##", "word1a2b3c.ci.test\n##")
        .replace("LETS_ENCRYPT_ENV=production", "LETS_ENCRYPT_ENV=")
        .replace("TIMEOUT=300 #", "TIMEOUT=60 #")
        .replace('COMPOSE_FILE="$COMPOSE_FILE:compose.mariadb.yml"', "COMPOSE_FILE=compose.yml")}NEW='a b'\n`,
    );
  });

  it("keeps CRLF and a missing last newline's line whole", () => {
    expect(setEnv("A=1\r\nB=2\r\n", { A: "3" })).toBe("A=3\r\nB=2\r\n");
    expect(setEnv("A=1", { B: "2" })).toBe("A=1\nB=2\n");
  });

  it("writes any value so that it reads back the same", () => {
    assert(
      property(string().filter((value) => !value.includes("\0")), constantFrom("", "A=old # length=3\n", "export A='x'\nB=1"), (value, text) => {
        expect(envValues(setEnv(text, { A: value })).A).toBe(value);
      }),
    );
  });
});

it("addedKeys tells what an operator must add, keys and secrets apart", () => {
  expect(addedKeys("A=1\n#C=3", "A=2\nB=1\nC=3\nSECRET_API_KEY_VERSION=v1")).toEqual({ env: ["B", "C"], secrets: ["api_key"] });
});

it("composeFiles lists them in order, compose.yml where nothing is said", () => {
  expect(composeFiles({ COMPOSE_FILE: "compose.yml:a/b.yml" })).toEqual(["compose.yml", "a/b.yml"]);
  expect(composeFiles({})).toEqual(["compose.yml"]);
});

it("exportsOf reads literal exports only and executes nothing", () => {
  expect(exportsOf('export A=v1\nexport B="v 2" # x\nexport C=$(touch /x)\nexport D=`id`\n  export E=in_function\nF=1\nfoo() {\n}')).toEqual({ A: "v1", B: "v 2" });
});
