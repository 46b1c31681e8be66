import { FindingError } from "../../base/errors.ts";
import { runningContainer } from "../../swarm/running-container.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { App } from "../app/appState.ts";
import { routedService } from "../app/routed.ts";

/**
 * A container that has listened on the very same ports for this long, but not where Traefik was told to go, will not begin to. Images
 * that set themselves up or migrate on another port first are why it is not told at sight: seconds to red against a false red. One
 * whose own health check passes is up by its recipe's word; of any other nobody knows whether it is still on its way.
 */
const wrongPortAfterMs = { checked: 20_000, unchecked: 60_000 } as const;

interface WrongPort {
  readonly service: string;
  readonly label: string;
  readonly port: number;
  readonly listening: readonly number[];
}

/** Traefik is told to use a port where nothing listens: seen at one look it may be a slow start, seen unchanged for long enough it is not. */
export class Suspicion {
  readonly #swarm: Swarm;
  readonly #app: App;
  #seen: { readonly wrong: WrongPort; readonly where: string; readonly since: number } | null = null;

  constructor(swarm: Swarm, app: App) {
    this.#swarm = swarm;
    this.#app = app;
  }

  /** What the last look found, for long enough or not: where time is up it says why. */
  get latest(): WrongPort | null {
    return this.#seen?.wrong ?? null;
  }

  /**
   * The wrong port where the same container listened on the same others at every look for long enough, else null.
   * @param unreached the edge says itself that nothing takes its connection: a page that comes and is not right yet is no wrong port, though
   * another one of the service's (for metrics, say) may be closed
   */
  async confirmed(unreached: boolean): Promise<WrongPort | null> {
    const found = unreached ? await this.#look().catch(() => null) : null;
    if (!found) {
      this.#seen = null;
      return null;
    }
    if (this.#seen?.where !== found.where) this.#seen = { ...found, since: performance.now() };
    return performance.now() - this.#seen.since >= this.#longEnoughMs(found.wrong) ? found.wrong : null;
  }

  #longEnoughMs({ service }: WrongPort): number {
    const checked = this.#app.compose.services.some(({ name, hasHealthcheck }) => name === service && hasHealthcheck);
    return checked ? wrongPortAfterMs.checked : wrongPortAfterMs.unchecked;
  }

  async #look(): Promise<{ wrong: WrongPort; where: string } | null> {
    const service = routedService(this.#app);
    const place = await runningContainer(this.#swarm.docker, `${this.#app.stack}_${service}`);
    const listening = place && (await this.#swarm.portsOf(place));
    if (!place || !listening || listening.length === 0) return null;
    const wrong = routedPorts(this.#app, service).find(({ port }) => !listening.includes(port));
    const where = [place.container, ...[...listening].sort((a, b) => a - b)].join(" ");
    return wrong ? { wrong: { service, listening, ...wrong }, where } : null;
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
