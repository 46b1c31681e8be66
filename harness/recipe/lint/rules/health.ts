import { humanDuration } from "../../../base/clock.ts";
import { durationMs } from "../../composeParts.ts";
import type { ComposeService } from "../../types.ts";
import type { Finding } from "../finding.ts";
import { fileOf, type LintRecipe, saidAt } from "../recipe.ts";

/** abra waits this long where the recipe does not say; measured with abra 0.13. */
const abraWaitsMs = 300_000;
/** Docker's own, where compose gives none. */
const dockers = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };
/** A database's first start on a busy host takes longer than people think. */
const leastPatienceMs = 30_000;

/** A health check's patience against what waits for it, and against what its service has to do at its first start. */
export function healthFindings(recipe: LintRecipe): Finding[] {
  return recipe.app.services
    .filter(({ hasHealthcheck }) => hasHealthcheck)
    .flatMap((service) => {
      const patience = patienceOf(recipe, service);
      return [...longerThanAbra(recipe, service, patience.startMs), ...tooShort(recipe, service, patience)];
    });
}

interface Patience {
  readonly startMs: number;
  /** From its start until Swarm kills a task that never gets healthy. */
  readonly wholeMs: number;
}

function patienceOf(recipe: LintRecipe, { name }: ComposeService): Patience {
  const at = (key: string) => saidAt(recipe, ["services", name, "healthcheck", key])?.value;
  const ms = (key: string, fallback: number) => {
    const value = at(key);
    return (typeof value === "string" ? durationMs(value) : null) ?? fallback;
  };
  const startMs = ms("start_period", 0);
  const retries = Number(at("retries") ?? dockers.retries) || dockers.retries;
  return { startMs, wholeMs: startMs + retries * ms("interval", dockers.intervalMs) };
}

function longerThanAbra(recipe: LintRecipe, { name }: ComposeService, startMs: number): Finding[] {
  const limitMs = abraLimitMs(recipe);
  if (startMs <= limitMs) return [];
  return [{
    rule: "start-period-over-timeout",
    severity: "error",
    service: name,
    file: fileOf(recipe, name, "healthcheck", "start_period"),
    text: `service ${name} may take ${humanDuration(startMs)} to start (healthcheck.start_period), and abra gives up after ${humanDuration(limitMs)}`,
    remedy: "raise TIMEOUT in .env.sample and the timeout label, or shorten start_period",
  }];
}

/** The timeout label, on `app`. */
function abraLimitMs({ app, stack }: LintRecipe): number {
  const seconds = Number(app.services.find(({ name }) => name === "app")?.labels[`coop-cloud.${stack}.timeout`]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : abraWaitsMs;
}

/** Killed in its first initialisation, a database may leave a volume that never starts again. */
function tooShort(recipe: LintRecipe, { name, volumes }: ComposeService, { wholeMs }: Patience): Finding[] {
  if (volumes.length === 0 || wholeMs >= leastPatienceMs) return [];
  return [{
    rule: "short-start-period",
    severity: "advice",
    service: name,
    file: fileOf(recipe, name, "healthcheck"),
    text: `service ${name} keeps data and is killed ${humanDuration(wholeMs)} after its start where it is not healthy by then: in the middle of its first initialisation on a busy host`,
    remedy: "give its health check a start_period of a minute or more",
  }];
}
