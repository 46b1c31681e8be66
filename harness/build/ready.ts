import { FindingError, infra } from "../base/errors.ts";
import { type Seen, waitFor, WaitTimeout } from "../base/wait.ts";
import { judgeProbe } from "../swarm/probe-judge.ts";
import { probe } from "../swarm/probe.ts";
import type { Swarm } from "../swarm/types.ts";
import type { App } from "./appState.ts";
import type { Site } from "./site.ts";
import { untilBroken } from "./standing.ts";

/** What a working front page may answer; one that asks for a login works too. */
export const allowedCodes: readonly number[] = [...Array.from({ length: 200 }, (_, index) => 200 + index), 401, 403];

/** A container that listens, but not where Traefik was told to go, for this long will not begin to. */
const wrongPortAfterMs = 20_000;

/** An edge that has given no answer with its own certificate by then is not set up as host.json says, whatever the recipe does. */
const edgeSilentMs = 30_000;

/**
 * Waits until the app's front page comes through the edge as a visitor comes: TLS, the app's Host name, its own certificate.
 * @param timeoutMs the recipe's own limit: without a health check an app may be up long before it answers
 * @throws FindingError (recipe; wrong-port, unreachable) or infra (edge) with what the edge answered last; what the watch throws
 */
export async function ready(site: Site, swarm: Swarm, app: App, timeoutMs: number): Promise<void> {
  const { build } = site;
  const signal = untilBroken(site);
  const suspicion = new Suspicion(swarm, app);
  let edgeAnswered = false;
  const started = performance.now();
  const look = async (): Promise<Seen<void>> => {
    const answer = await probe(swarm.edge, app.domain, "/", { timeoutMs: 10_000, signal });
    const verdict = judgeProbe(answer, allowedCodes);
    if (verdict.ready) return { done: true, value: undefined };
    edgeAnswered ||= answer.kind === "answer" && answer.certificate === "own";
    if (!edgeAnswered && performance.now() - started >= edgeSilentMs) throw edgeTrouble(swarm, verdict.saw);
    const wrong = await suspicion.confirmed();
    if (wrong) throw wrongPort(app, wrong, verdict.saw);
    return { done: false, saw: verdict.saw };
  };
  const what = `https://${app.domain}/`;
  try {
    await build.span("ready", () => waitFor(look, { what, timeoutMs, signal, onSaw: (saw) => build.waiting(`${what}: ${saw}`) }));
  } catch (error) {
    if (error instanceof WaitTimeout) throw unreachable(app, error);
    throw error;
  }
}

function edgeTrouble(swarm: Swarm, saw: string): FindingError {
  const { address, httpsPort } = swarm.edge;
  return infra("edge", `the edge at ${address}:${httpsPort} gave no answer with its own certificate: ${saw}`, "check edge.address, edge.httpsPort and edge.ca in host.json, and that Traefik runs");
}

interface WrongPort {
  readonly service: string;
  readonly label: string;
  readonly port: number;
  readonly listening: readonly number[];
}

/** Traefik is told to use a port where nothing listens: seen at one look it may be a slow start, seen long enough it is not. */
class Suspicion {
  readonly #swarm: Swarm;
  readonly #app: App;
  #since: number | null = null;

  constructor(swarm: Swarm, app: App) {
    this.#swarm = swarm;
    this.#app = app;
  }

  /** The wrong port where it was wrong at every look for long enough, else null. */
  async confirmed(): Promise<WrongPort | null> {
    const found = await this.#look().catch(() => null);
    if (!found) this.#since = null;
    this.#since ??= found && performance.now();
    return found && this.#since !== null && performance.now() - this.#since >= wrongPortAfterMs ? found : null;
  }

  async #look(): Promise<WrongPort | null> {
    const service = routedService(this.#app);
    const listening = await listeningPorts(this.#swarm, this.#app, service);
    if (!listening || listening.length === 0) return null;
    const wrong = routedPorts(this.#app, service).find(({ port }) => !listening.includes(port));
    return wrong ? { service, listening, ...wrong } : null;
  }
}

function wrongPort(app: App, wrong: WrongPort, saw: string): FindingError {
  const { service, port, label, listening } = wrong;
  return new FindingError("recipe", {
    class: "wrong-port",
    service,
    summary: `${service}: Traefik is told to use port ${port}, where nothing listens (it listens on ${listening.join(", ")})`,
    evidence: [`last answer of https://${app.domain}/: ${saw}`, `label ${label}=${port}`, `${service} listens on ${listening.join(", ")}`],
    hint: `correct the label ${label.replace(app.stack, "${STACK_NAME}")} in compose.yml`,
  });
}

function unreachable(app: App, wait: WaitTimeout): FindingError {
  const service = routedService(app);
  return new FindingError("recipe", {
    class: "unreachable",
    service,
    summary: `${service}: runs, but https://${app.domain}/ does not answer as it should: ${wait.saw}`,
    evidence: [wait.message, ...routedPorts(app, service).map(({ label, port }) => `label ${label}=${port}`)],
    hint: "look at the Traefik labels (rule, port, network proxy) and at the app's log in the artifacts",
  });
}

/** Whether visitors can come at all: a runner, a backup bot or a mail relay has no page. */
export function isRouted(app: App): boolean {
  return app.compose.services.some(takesVisitors);
}

function routedService(app: App): string {
  return app.compose.services.find(takesVisitors)?.name ?? "app";
}

function takesVisitors({ labels }: App["compose"]["services"][number]): boolean {
  return labels["traefik.enable"] === "true";
}

function routedPorts(app: App, service: string): { label: string; port: number }[] {
  const labels = app.compose.services.find((one) => one.name === service)?.labels ?? {};
  return Object.entries(labels)
    .filter(([label]) => label.startsWith("traefik.http.") && label.endsWith(".loadbalancer.server.port"))
    .map(([label, value]) => ({ label, port: Number(value) }));
}

interface RawTask {
  readonly CreatedAt: string;
  readonly NodeID?: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
}

/** Ports on which a service's newest running task listens, whichever node it runs on; null where nobody can look. */
async function listeningPorts(swarm: Swarm, app: App, service: string): Promise<readonly number[] | null> {
  const filters = { service: [`${app.stack}_${service}`], "desired-state": ["running"] };
  const tasks = (await swarm.docker.listTasks({ filters })) as unknown as RawTask[];
  const newest = tasks.filter(({ Status }) => Status.State === "running").sort((a, b) => a.CreatedAt.localeCompare(b.CreatedAt)).at(-1);
  const container = newest?.Status.ContainerStatus?.ContainerID;
  return container ? swarm.portsOf({ node: newest.NodeID ?? null, container }) : null;
}
