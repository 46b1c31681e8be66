import { array, assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { Mask } from "../../../harness/base/mask.ts";

function masked(text: string, ...secrets: string[]): string {
  const mask = new Mask();
  for (const secret of secrets) mask.add(secret);
  return mask.text(text);
}

test.each<[string, string[], string, string]>([
  ["plain", ["s3cr3t-value"], "password is s3cr3t-value.", "password is •••."],
  ["everywhere", ["s3cr3t"], "s3cr3t and s3cr3t", "••• and •••"],
  ["longest first, so that no rest is left", ["abcdef", "abcdefghij"], "x=abcdefghij", "x=•••"],
  ["base64", ["hunter22"], `auth ${Buffer.from("hunter22").toString("base64")}`, "auth •••="],
  ["base64 as URLs write it", ["~~~???>>>"], Buffer.from("~~~???>>>").toString("base64url"), "•••"],
  ["URL-encoded", ["p@ss/word"], "https://u:p%40ss%2Fword@host/", "https://u:•••@host/"],
  ["in JSON", ['a"b\\c\nd'], JSON.stringify({ log: 'is a"b\\c\nd' }), '{"log":"is •••"}'],
  ["without the line end that a file ends with", ["from-a-file\n"], "got from-a-file, ok", "got •••, ok"],
  ["regular expressions mean nothing", ["a.b*c+d"], "axbbcd a.b*c+d", "axbbcd •••"],
  ["short values are left alone", ["admin"], "admin", "admin"],
  ["nothing known", [], "as it was", "as it was"],
  ["a value that is no well-formed text", ["\ud800secret"], "is \ud800secret", "is •••"],
])("%s", (_, secrets, text, expected) => {
  expect(masked(text, ...secrets)).toBe(expected);
});

test("no secret of 6 characters or more survives, however they overlap", () => {
  const secret = string({ minLength: 6, maxLength: 20 }).filter((text) => text.trim().length >= 6 && !text.includes("•"));
  assert(
    property(array(secret, { minLength: 1, maxLength: 4 }), string(), (secrets, around) => {
      const text = secrets.map((one) => `${around}${one}`).join(around);
      const out = masked(text, ...secrets);
      for (const one of secrets) expect(out).not.toContain(one);
    }),
  );
});
