import { FindingError } from "../base/errors.ts";
import { waitFor, WaitTimeout } from "../base/wait.ts";
import { judgeProbe } from "../swarm/probe-judge.ts";
import { probe } from "../swarm/probe.ts";
import type { Swarm } from "../swarm/types.ts";
import type { App } from "./app.ts";
import type { Site } from "./site.ts";

const readyTimeoutMs = 60_000;

/**
 * Waits until the app's front page comes through the edge as a visitor comes: TLS, the app's Host name, its own certificate.
 * @throws FindingError (recipe, unreachable) with what the edge answered last and what the labels say; what the watch throws
 */
export async function ready(site: Site, swarm: Swarm, app: App): Promise<void> {
  const { build } = site;
  const broken = app.watch?.broken;
  const signal = broken ? AbortSignal.any([build.signal, broken]) : build.signal;
  try {
    await build.span("ready", () =>
      waitFor(
        async () => {
          const verdict = judgeProbe(await probe(swarm.edge, app.domain, "/", { timeoutMs: 10_000, signal }));
          return verdict.ready ? { done: true, value: undefined } : { done: false, saw: verdict.saw };
        },
        { what: `https://${app.domain}/`, timeoutMs: readyTimeoutMs, signal, onSaw: (saw) => build.waiting(`https://${app.domain}/: ${saw}`) },
      ),
    );
  } catch (error) {
    if (error instanceof WaitTimeout) throw await unreachable(swarm, app, error);
    throw error;
  }
}

async function unreachable(swarm: Swarm, app: App, wait: WaitTimeout): Promise<FindingError> {
  const service = app.compose.services.find((one) => one.labels["traefik.enable"] === "true")?.name ?? "app";
  const ports = routedPorts(app, service);
  const listening = await listeningPorts(swarm, app, service).catch(() => null);
  const evidence = [`last answer: ${wait.saw}`];
  for (const { label, port } of ports) evidence.push(`label ${label} routes to port ${port}`);
  if (listening) evidence.push(`${service} listens on ${listening.length > 0 ? listening.join(", ") : "no TCP port"}`);
  const wrong = listening && ports.find(({ port }) => !listening.includes(port));
  return new FindingError("recipe", {
    class: wrong ? "wrong-port" : "unreachable",
    service,
    summary: wrong
      ? `${service}: Traefik is told to use port ${wrong.port}, where nothing listens (it listens on ${listening.join(", ") || "no TCP port"})`
      : `${service}: runs, but https://${app.domain}/ does not answer as it should: ${wait.saw}`,
    evidence,
    hint: wrong ? `correct ${wrong.label}` : "look at the Traefik labels (rule, port, network proxy) and at the app's log",
  });
}

function routedPorts(app: App, service: string): { label: string; port: number }[] {
  const labels = app.compose.services.find((one) => one.name === service)?.labels ?? {};
  return Object.entries(labels)
    .filter(([label]) => label.endsWith(".loadbalancer.server.port"))
    .map(([label, value]) => ({ label, port: Number(value) }));
}

/** Ports on which a service's newest container listens, read from its network namespace on the manager. */
async function listeningPorts(swarm: Swarm, app: App, service: string): Promise<number[] | null> {
  const [container] = await swarm.docker.listContainers({ filters: { label: [`com.docker.swarm.service.name=${app.stack}_${service}`] } });
  if (!container) return null;
  const { State } = await swarm.docker.getContainer(container.Id).inspect();
  const read = await swarm.shell.exec(["cat", `/proc/${State.Pid}/net/tcp`, `/proc/${State.Pid}/net/tcp6`], { timeoutMs: 5000 });
  return read.exitCode === 0 ? listeningIn(read.stdout) : null;
}

/** Ports in state LISTEN (0A) of /proc/net/tcp, but for Docker's own resolver on 127.0.0.11. */
export function listeningIn(table: string): number[] {
  const ports = table.split("\n").flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    const [address, port] = local?.split(":") ?? [];
    return state === "0A" && address !== "0B00007F" && port ? [Number.parseInt(port, 16)] : [];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}
