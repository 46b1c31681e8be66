import { FindingError } from "../../base/errors.ts";
import { runningContainer } from "../../swarm/running-container.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { App } from "../appState.ts";
import { routedService } from "../routed.ts";

/** A container that listens, but not where Traefik was told to go, for this long will not begin to. */
const wrongPortAfterMs = 20_000;

interface WrongPort {
  readonly service: string;
  readonly label: string;
  readonly port: number;
  readonly listening: readonly number[];
}

/** Traefik is told to use a port where nothing listens: seen at one look it may be a slow start, seen long enough it is not. */
export class Suspicion {
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

/** @param saw what the edge answered last */
export function wrongPort(app: App, wrong: WrongPort, saw: string): FindingError {
  const { service, port, label, listening } = wrong;
  return new FindingError("recipe", {
    class: "wrong-port",
    service,
    summary: `${service}: Traefik is told to use port ${port}, where nothing listens (it listens on ${listening.join(", ")})`,
    evidence: [`last answer of https://${app.domain}/: ${saw}`, `label ${label}=${port}`, `${service} listens on ${listening.join(", ")}`],
    hint: `correct the label ${label.replace(app.stack, "${STACK_NAME}")} in compose.yml`,
  });
}

/** The ports that Traefik is told to use of a service. */
export function routedPorts(app: App, service: string): { label: string; port: number }[] {
  const labels = app.compose.services.find((one) => one.name === service)?.labels ?? {};
  return Object.entries(labels)
    .filter(([label]) => label.startsWith("traefik.http.") && label.endsWith(".loadbalancer.server.port"))
    .map(([label, value]) => ({ label, port: Number(value) }));
}

/** Ports on which a service's newest running task listens, whichever node it runs on; null where nobody can look. */
async function listeningPorts(swarm: Swarm, app: App, service: string): Promise<readonly number[] | null> {
  const place = await runningContainer(swarm.docker, `${app.stack}_${service}`);
  return place && swarm.portsOf(place);
}
