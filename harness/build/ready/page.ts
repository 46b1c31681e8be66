import { type FindingError, infra } from "../../base/errors.ts";
import { type Seen, waitFor, WaitTimeout } from "../../base/wait.ts";
import { isUnreached } from "../../swarm/probe-judge.ts";
import { probe } from "../../swarm/probe.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { App } from "../app/appState.ts";
import type { Build } from "../context.ts";
import type { FrontPage } from "../../../tiers/context.ts";
import { judgePage } from "../app/health.ts";
import { Suspicion, wrongPort } from "./wrongPort.ts";

/** An edge that has given no answer with its own certificate by then is not set up as host.json says, whatever the recipe does. */
const edgeSilentMs = 30_000;

const mostRedirects = 10;

/** Waiting for a page. */
export interface PageWait {
  readonly page: FrontPage;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What to say where it does not come in time. */
  readonly late: (wait: WaitTimeout) => FindingError;
}

/**
 * Waits until a page of the app comes through the edge as a visitor comes: TLS, the app's Host name, its own certificate.
 * @throws FindingError (recipe; wrong-port, or what `late` makes) or infra (edge) with what the edge answered last; the signal's reason
 */
export async function pageReady(build: Build, swarm: Swarm, app: App, { page, timeoutMs, signal, late }: PageWait): Promise<void> {
  const suspicion = new Suspicion(swarm, app);
  let edgeAnswered = false;
  const started = performance.now();
  const look = async (): Promise<Seen<void>> => {
    const { ready, saw, byEdge, unreached } = await visit(swarm, app, page, signal);
    if (ready) return { done: true, value: undefined };
    edgeAnswered ||= byEdge;
    if (!edgeAnswered && performance.now() - started >= edgeSilentMs) throw edgeTrouble(swarm, saw);
    const wrong = await suspicion.confirmed(unreached);
    if (wrong) throw wrongPort(app, wrong, saw);
    return { done: false, saw };
  };
  const what = `https://${app.domain}${page.path}`;
  try {
    await waitFor(look, { what, timeoutMs, signal, onSaw: (saw) => build.waiting(`${what}: ${saw}`) });
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    if (!edgeAnswered) throw edgeTrouble(swarm, error.saw);
    throw suspicion.latest ? wrongPort(app, suspicion.latest, error.saw) : late(error);
  }
}

interface Visit {
  readonly ready: boolean;
  readonly saw: string;
  /** Something came with the edge's own certificate. */
  readonly byEdge: boolean;
  /** The edge itself says that nothing takes its connection. */
  readonly unreached: boolean;
}

/** One look, after redirects. */
async function visit(swarm: Swarm, app: App, page: FrontPage, signal: AbortSignal): Promise<Visit> {
  let path = page.path;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const answer = await probe(swarm.edge, app.domain, path, { timeoutMs: 10_000, signal });
    const look = judgePage(answer, page, `https://${app.domain}${path}`);
    const byEdge = answer.kind === "answer" && answer.certificate === "own";
    if (!("goTo" in look)) return { ready: look.ready, saw: look.ready ? "" : `${path === page.path ? "" : `${path}: `}${look.saw}`, byEdge, unreached: isUnreached(answer) };
    path = look.goTo;
  }
  return { ready: false, saw: `over ${mostRedirects} redirects, the last to ${path}`, byEdge: true, unreached: false };
}

function edgeTrouble(swarm: Swarm, saw: string): FindingError {
  const { address, httpsPort } = swarm.edge;
  return infra("edge", `the edge at ${address}:${httpsPort} gave no answer with its own certificate: ${saw}`, "check edge.address, edge.httpsPort and edge.ca in host.json, and that Traefik runs");
}
