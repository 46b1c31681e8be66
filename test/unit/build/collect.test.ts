import { beforeEach, expect, test } from "vitest";
import type { App } from "../../../harness/build/app/appState.ts";
import { Build } from "../../../harness/build/context.ts";
import { collect } from "../../../harness/build/phases/collect.ts";
import { Site } from "../../../harness/build/site.ts";
import { request } from "./request.ts";

/** What the watches of several apps come to in one result. */

let site: Site;
beforeEach(() => {
  site = new Site(new Build(request, () => {}, new AbortController().signal, "r1"));
});

function app(decidedMs: number | null, restarts: Record<string, number>, more: { broken?: boolean; givenUp?: boolean } = {}): void {
  const broken = more.broken ? AbortSignal.abort() : new AbortController().signal;
  site.apps.push({ which: "head", givenUp: more.givenUp ?? false, watch: { broken, report: () => ({ restarts, failures: [], decidedMs }) } } as unknown as App);
}

test("restarts add up, and the first app says how long it took where nobody broke", async () => {
  app(2_000, { db: 1 });
  app(9_000, { db: 2, app: 1 });
  await collect(site);
  expect(site.build.findings.watch).toMatchObject({ restarts: { db: 3, app: 1 }, decidedMs: 2_000 });
});

test("the app that broke says how long its verdict took, not the one that was up before it", async () => {
  app(2_000, {});
  app(22_000, {}, { broken: true });
  await collect(site);
  expect(site.build.findings.watch.decidedMs).toBe(22_000);
});

test("a base that was given up decides nothing", async () => {
  app(2_000, {});
  app(22_000, {}, { broken: true, givenUp: true });
  await collect(site);
  expect(site.build.findings.watch.decidedMs).toBe(2_000);
});
