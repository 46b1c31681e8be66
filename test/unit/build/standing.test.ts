import { expect, test } from "vitest";
import type { App } from "../../../harness/build/appState.ts";
import { Build } from "../../../harness/build/context.ts";
import { brokeBeside, standing, untilBroken } from "../../../harness/build/standing.ts";
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
