import { describe, expect, it } from "vitest";
import { appLabel, checkNames, newNonce, stackName } from "../../../harness/recipe/naming.ts";
import { appOf } from "./compose.ts";

it.each([["wordpress", "word"], ["n8n", "nn"], ["2048", "app"], ["My-App", "myap"]])("%s is labelled %s and the nonce", (recipe, start) => {
  expect(appLabel(recipe, "1a2b3c")).toBe(`${start}1a2b3c`);
});

it("incident 18: nonces are six hex digits and differ", () => {
  expect(newNonce()).toMatch(/^[0-9a-f]{6}$/);
  expect(new Set(Array.from({ length: 20 }, newNonce)).size).toBeGreaterThan(1);
});

it("a stack is named like its domain", () => expect(stackName("word1a2b3c.ci.test")).toBe("word1a2b3c_ci_test"));

describe("checkNames", () => {
  const secret = (length: number) => appOf({}, { secrets: [{ key: "db_password", name: "n".repeat(length), external: true }] });
  it("lets 64 characters pass", () => expect(() => checkNames(secret(64), "s")).not.toThrow());
  it("names the secret and by how much it is over", () => expect(() => checkNames(secret(67), "s")).toThrow(/^secret db_password: .* 67 characters, 3 more than Docker's 64; shorten/));
  it("looks at configs too", () => expect(() => checkNames(appOf({}, { configs: [{ key: "c", name: "n".repeat(65), external: false }] }), "s")).toThrow(/^config c: /));
  it("refuses a stack name that abra would cut", () => expect(() => checkNames(appOf({}), "s".repeat(46))).toThrow(/46 characters, 1 more/));
});
