import { expect, test } from "vitest";
import type { App } from "../../../harness/build/app/appState.ts";
import { appToKeep } from "../../../harness/build/keep.ts";
import type { Watch } from "../../../harness/watch/watch.ts";

const tree = { side: "head", commit: "c0ffee", dir: "/" } as const;
const old = { ...tree, side: "base" } as const;

function app(domain: string, more: Partial<App>): App {
  return { which: "head", from: null, need: null, givenUp: false, watch: {} as Watch, tree, domain, ...more } as App;
}

const fresh = app("fresh", {});
const upgraded = app("upgraded", { which: "base", from: old });

test.each<[string, App[], string | undefined]>([
  ["the upgraded app, which later tiers ran on", [fresh, upgraded], "upgraded"],
  ["the one that was upgraded from an older version, where base is broken", [fresh, { ...upgraded, givenUp: true }, app("older", { which: "older", from: old })], "older"],
  ["the fresh one, where nothing was upgraded", [fresh, app("base", { which: "base", from: old, watch: null })], "fresh"],
  ["the fresh one, where base never got to head", [fresh, app("base", { which: "base", from: old, tree: old, givenUp: true })], "fresh"],
  ["whatever there is, where all were given up", [app("broken", { givenUp: true })], "broken"],
  ["never what the recipe needs", [app("sign-on", { need: "keycloak" })], undefined],
  ["nothing that was never deployed", [{ ...fresh, watch: null }], undefined],
])("kept is %s", (_, apps, domain) => {
  expect(appToKeep(apps)?.domain).toBe(domain);
});
