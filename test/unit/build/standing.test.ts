import { expect, test } from "vitest";
import type { App } from "../../../harness/build/app/appState.ts";
import { Build } from "../../../harness/build/context.ts";
import { brokeBeside, standing, untilBroken, untilOver } from "../../../harness/build/app/standing.ts";
import type { Watch } from "../../../harness/watch/watch.ts";
import { request } from "./request.ts";

function app(more: Partial<App> = {}) {
  const broken = new AbortController();
  return { broken, app: { givenUp: false, watch: { broken: broken.signal } as Watch, ...more } as App };
}

function site(...apps: App[]) {
  const interrupt = new AbortController();
  return { site: { apps, build: new Build(request, () => {}, interrupt.signal, "r1") }, interrupt };
}

test("work ends when the app beside it breaks, with that app's reason", () => {
  const [head, base] = [app(), app()];
  const { site: both } = site(head.app, base.app);
  const signal = untilBroken(both);
  expect(signal.aborted).toBe(false);
  const reason = new Error("head loops");
  head.broken.abort(reason);
  expect(signal.reason).toBe(reason);
  expect(brokeBeside(both, base.app, reason)).toBe(true);
  expect(brokeBeside(both, head.app, reason)).toBe(false);
  expect(brokeBeside(both, base.app, new Error("base loops"))).toBe(false);
});

test("what broke and was given up ends nothing, nor does what was never deployed", () => {
  const [head, base] = [app(), app({ givenUp: true })];
  base.broken.abort(new Error("base loops"));
  const { site: all, interrupt } = site(head.app, base.app, app({ watch: null }).app);
  expect(standing(all)).toEqual([head.app]);
  const signal = untilBroken(all);
  expect(signal.aborted).toBe(false);
  const reason = new Error("Ctrl-C");
  interrupt.abort(reason);
  expect(signal.reason).toBe(reason);
});

test("what the recipe needs does not stand: its break ends what is done to it, and nothing else", () => {
  const [head, keycloak] = [app(), app({ which: "need" })];
  const { site: both } = site(head.app, keycloak.app);
  const ground = { ...both, needsAbandon: new AbortController() };
  expect(standing(both)).toEqual([head.app]);
  const reason = new Error("keycloak loops");
  keycloak.broken.abort(reason);
  expect(untilBroken(both).aborted).toBe(false);
  expect(untilOver(ground, head.app).aborted).toBe(false);
  expect(untilOver(ground, keycloak.app).reason).toBe(reason);
});

test("the build's end, and the break of an app that stands, end what is done to a needed recipe", () => {
  const [head, keycloak] = [app(), app({ which: "need", watch: null })];
  const { site: both } = site(head.app, keycloak.app);
  const abandoned = { ...both, needsAbandon: new AbortController() };
  abandoned.needsAbandon.abort(new Error("over"));
  expect(untilOver(abandoned, keycloak.app).aborted).toBe(true);
  head.broken.abort(new Error("head loops"));
  expect(untilOver({ ...both, needsAbandon: new AbortController() }, keycloak.app).reason).toMatchObject({ message: "head loops" });
});
