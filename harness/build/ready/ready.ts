import { FindingError } from "../../base/errors.ts";
import { waitFor, WaitTimeout } from "../../base/wait.ts";
import { type Probe, probesFor } from "../../config/probes.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { App } from "../app/appState.ts";
import { frontPageOf, pageOf } from "../app/health.ts";
import { routedService } from "../app/routed.ts";
import type { Site } from "../site.ts";
import { untilOver } from "../app/standing.ts";
import { commandLook } from "./command.ts";
import { inOrder } from "./order.ts";
import { pageReady } from "./page.ts";
import { tcpLook } from "./tcp.ts";
import { routedPorts } from "./wrongPort.ts";

/** Connects that are counted are this far apart, milliseconds: three within a blink say nothing about the next second. */
const betweenConnectsMs = 1_000;

/**
 * Waits until the app is what its users would call up: its front page comes as a visitor gets it, and every probe of the settings
 * has passed. They run beside each other; the first that can't pass ends the others.
 * @param timeoutMs the deployment's own limit, for whatever the settings give no other: without a health check an app may be up
 * long before it answers
 * @throws FindingError (recipe; wrong-port, unreachable, probe-failed), infra (edge) or harness-limit (probe-blind) with what was seen last; what the watch throws
 */
export async function ready(site: Site, swarm: Swarm, app: App, timeoutMs: number): Promise<void> {
  const { build } = site;
  const { settings } = app;
  const enough = new AbortController();
  const signal = AbortSignal.any([untilOver(site, app), enough.signal]);
  const limitMs = settings.timeouts.readyMs ?? timeoutMs;
  const probes = probesFor(settings.probes, app.compose.services.map(({ name }) => name));
  const front = frontPageOf(app);
  const page = front
    ? build.span("ready", () => pageReady(build, swarm, app, { page: front, timeoutMs: limitMs, signal, late: (wait) => unreachable(app, wait) }))
    : unvisited(site);
  const all = [page, ...inOrder(probes, (probe) => build.span(`probe ${probe.name}`, () => passed(site, swarm, app, probe, { limitMs: probe.timeoutMs ?? limitMs, signal })))];
  try {
    await Promise.all(all);
  } finally {
    enough.abort(new Error("another probe ended the wait"));
    await Promise.allSettled(all);
  }
}

async function unvisited({ build }: Site): Promise<void> {
  build.warn("no service has the label traefik.enable=true: nothing answers visitors, so nobody visits");
}

async function passed(site: Site, swarm: Swarm, app: App, probe: Probe, { limitMs, signal }: { limitMs: number; signal: AbortSignal }): Promise<void> {
  const { build } = site;
  const late = (wait: WaitTimeout) => probeFailed(app, probe, wait);
  if (probe.kind === "http") return pageReady(build, swarm, app, { page: pageOf(probe), timeoutMs: limitMs, signal, late });
  const what = `probe ${probe.name}`;
  const look = probe.kind === "tcp" ? tcpLook(swarm, app, probe) : (ended: AbortSignal) => commandLook(swarm, app, probe, ended);
  const pace = probe.kind === "tcp" ? { intervalMs: betweenConnectsMs, maxIntervalMs: betweenConnectsMs } : {};
  try {
    await waitFor(look, { what, timeoutMs: limitMs, signal, ...pace, onSaw: (saw) => build.waiting(`${what}: ${saw}`) });
  } catch (error) {
    throw error instanceof WaitTimeout ? late(error) : error;
  }
}

function probeFailed(app: App, probe: Probe, wait: WaitTimeout): FindingError {
  const { place } = app.settings;
  const limit = probe.timeoutMs === null ? limitLine(app) : `probes.${probe.name}.timeout in ${place}`;
  const asked = askedInWords(app, probe);
  return new FindingError("recipe", {
    class: "probe-failed",
    service: probe.kind === "http" ? routedService(app) : probe.service,
    summary: `probe ${probe.name}: ${asked}: ${wait.saw}`,
    evidence: [wait.message, `limit: ${limit} sets it`],
    hint: `every service runs, but probes.${probe.name} in ${place} never passed: look at the service's log in the artifacts; where it is only slow, give the probe a larger timeout`,
  });
}

function askedInWords(app: App, probe: Probe): string {
  switch (probe.kind) {
    case "http":
      return `https://${app.domain}${probe.path} does not answer as it should`;
    case "tcp":
      return `${probe.service} takes no stable connections on port ${probe.port}`;
    case "command":
      return `${probe.command.join(" ").slice(0, 80)} in ${probe.service} does not end with 0`;
  }
}

function unreachable(app: App, wait: WaitTimeout): FindingError {
  const service = routedService(app);
  const { path } = app.settings.health;
  return new FindingError("recipe", {
    class: "unreachable",
    service,
    summary: `${service}: runs, but https://${app.domain}${path} does not answer as it should: ${wait.saw}`,
    evidence: [wait.message, ...routedPorts(app, service).map(({ label, port }) => `label ${label}=${port}`), `limit: ${limitLine(app)} sets it`],
    hint: "look at the Traefik labels (rule, port, network proxy) and at the app's log in the artifacts; what a working page answers is health in the settings",
  });
}

function limitLine({ settings }: App): string {
  if (settings.timeouts.readyMs !== undefined) return `timeouts.ready in ${settings.place}`;
  if (settings.timeouts.deployMs !== undefined) return `timeouts.deploy in ${settings.place}`;
  return `the label coop-cloud.\${STACK_NAME}.timeout (10 min 0 s at least), or timeouts.ready in ${settings.place},`;
}
