import { type Canary, passed, unverified } from "./canary.ts";

const test = `import { app, expect, test } from "recipe-ci/testing";\ntest("the page is head's", async () => expect((await app.fetch("/")).text()).toContain("head"));\n`;
const needing = (name: string, hooks?: string) => ({
  files: { ".recipe-ci/page.test.ts": test, ".recipe-ci/recipe.json": JSON.stringify({ needs: [name] }), ...(hooks === undefined ? {} : { ".recipe-ci/hooks.ts": hooks }) },
});
const loops = { compose: { services: { worker: { image: "nginx:1.27", command: ["sh", "-c", "exit 3"], networks: ["internal"], deploy: { restart_policy: { delay: "500ms" } } } } } };

/** Recipes that are fine, and what they need is not: it costs their own tests, and nothing is held against them. */
export const needs: readonly Canary[] = [
  { name: "needs-another", about: "what it needs is there", beside: { "beside-it": {} }, head: needing("beside-it"), expect: passed({ tiers: { custom: "passed" } }) },
  {
    name: "need-loops", incident: 26, about: "a dependency's deployment fails half way: one service up, one loops. The teardown knows its stack",
    beside: { "half-way": loops }, head: needing("half-way"),
    expect: unverified("tier-unverified", null, { words: /half-way, which the recipe needs, did not come up: worker/, tiers: { install: "passed", custom: "unverified" } }),
  },
  {
    name: "need-missing", about: "what it needs is nowhere", head: needing("nowhere-to-be-found"),
    expect: unverified("tier-unverified", null, { words: /nowhere-to-be-found, which the recipe needs, did not come up/, tiers: { install: "passed", custom: "unverified" } }),
  },
  {
    name: "wiring-fails", incident: 9, about: "dependency wiring fails: the tests that need it are not run, and it is not green",
    beside: { "to-be-wired": {} }, head: needing("to-be-wired", `export const wire = () => { throw new Error("the realm was refused"); };\n`),
    expect: unverified("tier-unverified", null, { words: /could not be connected with to-be-wired: .*the realm was refused/, tiers: { install: "passed", custom: "unverified" } }),
  },
  {
    name: "wiring-breaks-it", about: "with what wire put into its .env the app does not come up",
    beside: { "wired-badly": {} },
    head: {
      ...needing("wired-badly", `export const wire = () => ({ PROGRAM: "false" });\n`), sample: "PROGRAM=true",
      compose: { services: { app: { command: ["sh", "-c", "${PROGRAM} && exec nginx -g 'daemon off;'"] } } },
    },
    expect: unverified("tier-unverified", null, { words: /with what wire of hooks\.ts put into its \.env \(PROGRAM\) the app does not come up/, tiers: { install: "passed", custom: "unverified" } }),
  },
];
