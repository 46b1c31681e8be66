import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { humanBytes } from "../../../reports/layout.ts";
import type { FrontPage } from "../../../tiers/context.ts";
import { probe } from "../../swarm/probe.ts";
import { judgePage, pageOf } from "../app/health.ts";
import { isRouted } from "../app/routed.ts";
import { serviceStates } from "../app/serviceState.ts";
import { underWatch } from "../app/standing.ts";
import { fire, type Volley } from "./cannon.ts";
import { memoryOf } from "./memory.ts";
import type { Scenario, Stage } from "./scenario.ts";

const probeMs = 10_000;
const mostRedirects = 5;

/** A few visitors who never rest: what works for one may fall over, leak or lock for ten. */
export const load: Scenario = {
  name: "load",
  whyNot: ({ app }) => (isRouted(app) ? null : "no visitor reaches it"),
  async run(stage) {
    const { site, swarm, app, test, note } = stage;
    const { seconds, connections } = app.settings.load;
    const page = pageOf(app.settings.health);
    const before = await serviceStates(swarm.docker, app.stack);
    const path = await pathOf(stage, page);
    site.build.waiting(`${connections} connections ask for ${path} for ${seconds} s`);
    const memoryBefore = await memoryOf(swarm.docker, app.stack);
    const volley = await underWatch(site, (signal) => fire({ edge: swarm.edge, domain: app.domain, path, seconds, connections }, signal));
    const memoryAfter = await memoryOf(swarm.docker, app.stack);
    const memory = Object.fromEntries(Object.entries(memoryBefore).map(([service, bytes]) => [service, { before: bytes, after: memoryAfter[service] ?? null }]));
    const figures = { path, seconds, connections, ...volley, memory };
    note(inWords(figures));
    await save(stage, figures);
    await test(app, { tier: "extra", scenario: "load", before, codes: page.codes, answers: volley.codes, errors: volley.errors });
  },
};

interface Figures extends Volley {
  readonly path: string;
  readonly seconds: number;
  readonly connections: number;
  readonly memory: Readonly<Record<string, { readonly before: number; readonly after: number | null }>>;
}

/** Where the front page's redirects on the app's own domain lead: visitors rest there, and so does their load. */
async function pathOf({ swarm, app, site }: Stage, page: FrontPage): Promise<string> {
  let { path } = page;
  for (let hops = 0; hops < mostRedirects; hops += 1) {
    const look = judgePage(await probe(swarm.edge, app.domain, path, { timeoutMs: probeMs, signal: site.build.signal }), page, `https://${app.domain}${path}`);
    if (!("goTo" in look)) break;
    path = look.goTo;
  }
  return path;
}

export function inWords({ path, seconds, connections, requestsPerSecond, codes, errors, latency, memory }: Figures): string {
  const answers = Object.entries(codes).map(([code, count]) => `${count} times ${code}`);
  const grown = Object.entries(memory).map(([service, { before, after }]) => `${service} ${humanBytes(before)} to ${after === null ? "unknown" : humanBytes(after)}`);
  return [
    `${connections} connections asked for ${path} for ${seconds} s: ${Math.round(requestsPerSecond)} requests/s (${[...answers, `${errors} ${errors === 1 ? "error" : "errors"}`].join(", ")})`,
    `answered within ${latency.p50} ms (half of them), ${latency.p97_5} ms (97.5 %), ${latency.p99} ms (99 %)`,
    ...(grown.length > 0 ? [`memory ${grown.join(", ")}`] : []),
  ].join("; ");
}

/** For whoever wants to compare builds. What can't be written is a warning. */
async function save({ site: { build } }: Stage, figures: Figures): Promise<void> {
  try {
    await writeFile(join(build.request.out, "load.json"), build.mask.text(`${JSON.stringify(figures, null, 2)}\n`));
    build.findings.artifacts.push({ kind: "load", path: "load.json" });
  } catch (error) {
    build.warn(`the figures of the load could not be written: ${messageOf(error)}`);
  }
}
