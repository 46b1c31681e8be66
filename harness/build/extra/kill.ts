import { humanDuration } from "../../base/clock.ts";
import { orAbort, waitFor } from "../../base/wait.ts";
import { bounded, statusOf } from "../../swarm/bounded.ts";
import { defaultLimits } from "../../watch/limits.ts";
import type { Killed } from "../../../tiers/scenarios.ts";
import { disturbing } from "../change/disturbing.ts";
import { frontPageOf } from "../app/health.ts";
import { ready } from "../ready/ready.ts";
import { serviceStates } from "../app/serviceState.ts";
import { needsOf } from "../app/settings.ts";
import { untilBroken } from "../app/standing.ts";
import { type Budget, budgetOf } from "./budget.ts";
import { cameAfter } from "./cameAfter.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { type Victim, victimsOf } from "./victims.ts";

/** A kill is a call of the engine; that Swarm has seen the end takes less than a second where it is well. Milliseconds. */
const callMs = 10_000;
const seenMs = 30_000;

/**
 * What a node does that runs out of memory, or a person who mistypes: the containers of a service die at once, without a word. One
 * service after another, each when the app is up again.
 */
export const kill: Scenario = {
  name: "kill",
  whyNot: () => null,
  async run(stage) {
    const { app, test } = stage;
    const killed: Killed[] = [];
    for (const { name } of app.compose.services) {
      const one = await tried(stage, name);
      if (one) killed.push(one);
    }
    if (killed.length > 0) await test(app, { tier: "extra", scenario: "kill", killed, page: frontPageOf(app) });
  },
};

/** @returns null where there was nothing to kill */
async function tried(stage: Stage, service: string): Promise<Killed | null> {
  const { swarm, app, note, say } = stage;
  const victims = await victimsOf(swarm, app.stack);
  const victim = victims.get(service);
  if (!victim || victim.spared !== null) {
    note(`${service} is left alone: ${victim?.spared ?? "it is not there"}`);
    return null;
  }
  if (victim.here.length === 0) {
    say(`${service} is back`, "skipped", `it runs on other nodes than the one that is asked, where nobody can kill it from here`);
    return null;
  }
  if (victim.elsewhere > 0) say(`${service} is back`, "skipped", `${victim.elsewhere} more of it run on other nodes, where nobody can kill them from here: it never went away`);
  const budget = budgetFor(stage, service, victims);
  const started = performance.now();
  await killAll(stage, victim);
  await back(stage, service, budget);
  const tookMs = Math.round(performance.now() - started);
  note(`${service} was back after ${humanDuration(tookMs)} of ${humanDuration(budget.ms)} (${budget.words})`);
  return { service, containers: victim.here, tookMs, budgetMs: budget.ms, budget: budget.words };
}

function budgetFor({ app }: Stage, service: string, victims: ReadonlyMap<string, Victim>): Budget {
  return budgetOf(service, victims, needsOf(app), { tookMs: app.tookMs, trustMs: app.settings.limits.stableForMs ?? defaultLimits.stableForMs });
}

/** Until Swarm knows: from then on whatever fails counts again. */
async function killAll({ site, swarm, app }: Stage, { service, here }: Victim): Promise<void> {
  const signal = untilBroken(site);
  await disturbing(app, { targets: [service], forMs: callMs + seenMs, why: `${service} was killed` }, async () => {
    await Promise.all(here.map((id) => bounded(`kill of ${id}`, killOne(swarm.docker, id), callMs, signal)));
    await waitFor(async () => {
      const states = await serviceStates(swarm.docker, app.stack);
      const alive = states.flatMap(({ tasks }) => tasks).filter(({ container, state }) => container !== null && here.includes(container) && state === "running");
      return alive.length === 0 ? { done: true, value: undefined } : { done: false, saw: `task ${alive[0]?.id} still runs` };
    }, { what: `Swarm to see that ${service} is dead`, timeoutMs: seenMs, signal });
  });
}

async function killOne(docker: Stage["swarm"]["docker"], id: string): Promise<void> {
  try {
    await docker.getContainer(id).kill({ signal: "SIGKILL" });
  } catch (error) {
    // It ended by itself in between: gone, or not running.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
  }
}

/** @throws what the watch found or the page lacks, with why that was looked for */
async function back({ site, swarm, app }: Stage, service: string, budget: Budget): Promise<void> {
  const services = app.compose.services.map(({ name }) => name);
  await cameAfter(`${service} was killed`, async () => {
    if (app.watch) await orAbort(app.watch.settled({ timeoutMs: budget.ms, services, timeoutSetBy: `the scenario kill: ${budget.words}` }), untilBroken(site));
    await ready(site, swarm, app, budget.ms);
  });
}
