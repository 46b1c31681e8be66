import { describe, expect, test } from "vitest";
import { checkNotItself, withDomains } from "../../../harness/config/needs.ts";
import { parseSettings } from "../../../harness/config/recipe.ts";
import type { RecipeSettings } from "../../../tiers/settings.ts";

const place = "recipes/wiki/recipe.ts";
const parsed = (settings: RecipeSettings) => parseSettings(settings, place);

describe("what a recipe needs", () => {
  test.each<[string, object, string]>([
    ["a key that is misspelt", { need: ["keycloak"] }, 'unknown key "need", did you mean "needs"?'],
    ["no list", { needs: "keycloak" }, 'needs is "keycloak"'],
    ["a path", { needs: ["../keycloak"] }, 'needs.0 is "../keycloak"'],
    ["a URL", { needs: ["https://git.example.org/keycloak"] }, "needs.0 is"],
    ["one named twice", { needs: ["keycloak", "keycloak"] }, "needs names keycloak twice"],
    ["a domain of what is not needed", { needs: ["keycloak"], env: { deploy: { ISSUER: "https://{{needs.keycloack.domain}}/" } } }, "needs does not name keycloack, did you mean keycloak?"],
    ["a domain in a variant too", { variants: { sso: { env: { deploy: { ISSUER: "{{needs.keycloak.domain}}" } } } } }, "variants.sso.env.deploy"],
    ["something else of it", { needs: ["keycloak"], env: { upgrade: { ISSUER: "{{needs.keycloak.url}}" } } }, "{{needs.keycloak.url}} is not known"],
    ["a weight of nothing", { weight: 0 }, "weight is 0"],
  ])("%s is refused", (_, settings, words) => {
    expect(() => parsed(settings)).toThrow(expect.objectContaining({ message: expect.stringContaining(words) }));
  });

  test("a recipe can't need itself, under neither of its names", () => {
    expect(() => checkNotItself(["keycloak", "wiki"], ["wiki-fork", "wiki"], place)).toThrow("wiki can't need itself");
    expect(() => checkNotItself(["keycloak"], ["wiki"], place)).not.toThrow();
  });

  test("its domain stands in values for the .env; other braces are left alone", () => {
    const { env } = parsed({ needs: ["keycloak", "s3"], env: { deploy: { ISSUER: "https://{{needs.keycloak.domain}}/{{ needs.s3.domain }}", TEMPLATE: "{{ .Values.needs }}" } } });
    const domains = new Map([["keycloak", "keyc1.ci.test"], ["s3", "s2.ci.test"]]);
    expect(withDomains(env.deploy, domains)).toEqual({ ISSUER: "https://keyc1.ci.test/s2.ci.test", TEMPLATE: "{{ .Values.needs }}" });
  });
});
