import type { Health } from "../../config/recipe.ts";
import { type ProbeAnswer, type ProbeVerdict, judgeProbe } from "../../swarm/probe-judge.ts";
import { nextVisit } from "../../../tiers/app/redirect.ts";
import type { FrontPage } from "../../../tiers/context.ts";
import type { App } from "./appState.ts";
import { isRouted } from "./routed.ts";

/** What a working front page may answer; one that asks for a login works too. */
const allowedCodes: readonly number[] = [...Array.from({ length: 200 }, (_, index) => 200 + index), 401, 403];

/** A health setting or an http probe, with the defaults filled in: redirects are followed but where `codes` names one. */
export function pageOf({ path, codes, text }: Health): FrontPage {
  return { path, codes: codes ?? allowedCodes, text, follow: codes === null || !codes.some((code) => code >= 300 && code < 400) };
}

/** What a visitor of the app has to get; null where none can come, and no test may ask for a page. */
export function frontPageOf({ compose, settings }: Pick<App, "compose" | "settings">): FrontPage | null {
  return isRouted({ compose }) ? pageOf(settings.health) : null;
}

export type Look = ProbeVerdict | { readonly goTo: string };

/**
 * What one answer says of a page: good, not (yet), or to be looked for elsewhere on the app's own domain. A redirect to another
 * domain is never followed: what answers there says nothing about the app.
 * @param url the address that was asked for
 */
export function judgePage(answer: ProbeAnswer, page: FrontPage, url: string): Look {
  if (page.follow && answer.kind === "answer" && answer.certificate === "own") {
    const next = nextVisit({ method: "GET", url: new URL(url), headers: {}, body: null }, answer.status, answer.headers.location ?? null);
    if (next) return { goTo: next.url.pathname + next.url.search };
  }
  const verdict = judgeProbe(answer, page.codes);
  if (!verdict.ready || page.text === null || answer.kind === "error" || answer.body.includes(page.text)) return verdict;
  return { ready: false, saw: `HTTP ${answer.status} without the text ${JSON.stringify(page.text)}` };
}
