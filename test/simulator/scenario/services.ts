import type { ServicePlan, Version } from "../plan.ts";
import type { Random } from "../random.ts";

/** Services that do what they are for; faults come later. */

const good: Pick<Version, "first" | "later" | "slots"> = { first: [], later: { kind: "runs" }, slots: null };

function version(random: Random, boot: readonly [number, number], hasNeeds: boolean): Version {
  return {
    ...good,
    bootMs: random.spread(...boot),
    diesWithoutMs: hasNeeds && random.chance(0.7) ? random.spread(200, 8_000) : null,
    diesOfLossMs: hasNeeds && random.chance(0.6) ? random.spread(10, 5_000) : null,
    workMs: random.spread(500, 60_000),
  };
}

export interface ServiceWishes {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly ends?: ServicePlan["ends"];
  readonly mode?: ServicePlan["mode"];
}

/** A random service that works. */
export function goodService(random: Random, { name, needs = [], ends = "never", mode = "replicated" }: ServiceWishes): ServicePlan {
  const checked = ends === "never" && random.chance(0.55);
  const boot: readonly [number, number] = random.chance(0.2) ? [20_000, 90_000] : [300, 15_000];
  const before = version(random, boot, needs.length > 0);
  const after = { ...before, bootMs: random.chance(0.25) ? random.int(40_000, 80_000) : before.bootMs, workMs: random.chance(0.4) ? random.int(40_000, 70_000) : before.workMs };
  const intervalMs = random.pick([2_000, 5_000, 10_000, 15_000]);
  const slowest = Math.max(before.bootMs, after.bootMs);
  return {
    name,
    mode,
    replicas: mode === "global" ? 1 : ends === "never" && random.chance(0.2) ? random.int(2, 5) : random.chance(0.02) ? 0 : 1,
    needs,
    declaredNeeds: needs,
    ends,
    health: checked ? { intervalMs, retries: random.int(3, 5), startPeriodMs: random.chance(0.7) ? slowest + random.int(5_000, 60_000) : slowest, inImage: random.chance(0.3) } : null,
    restart: restartOf(random, ends, mode),
    update: {
      parallelism: random.pick([1, 1, 1, 0, 2]),
      delayMs: random.chance(0.2) ? random.int(500, 5_000) : 0,
      monitorMs: random.chance(0.6) ? 5_000 : random.int(1_000, 30_000),
      action: random.pick(["pause", "pause", "continue", "rollback"] as const),
      order: random.chance(0.35) ? "start-first" : "stop-first",
    },
    memoryLimit: null,
    hostPort: null,
    stopMs: random.spread(50, 12_000),
    stopsAs: random.pick(["shutdown", "shutdown", "shutdown", "failed", "complete"] as const),
    versions: [before, after],
  };
}

function restartOf(random: Random, ends: ServicePlan["ends"], mode: ServicePlan["mode"]): ServicePlan["restart"] {
  const none = { maxAttempts: 0, windowMs: 0 };
  if (ends === "again") return { condition: "any", delayMs: random.int(11_000, 60_000), ...none };
  if (ends === "once" || mode === "job") return { condition: "on-failure", delayMs: random.chance(0.5) ? null : random.int(1_000, 8_000), ...none };
  const delayMs = random.chance(0.6) ? null : random.spread(200, 8_000);
  return { condition: random.chance(0.8) ? "any" : "on-failure", delayMs, ...none };
}

/** A stack of services that work together. */
export function goodStack(random: Random): ServicePlan[] {
  const services: ServicePlan[] = [];
  const add = (wishes: ServiceWishes) => services.push(goodService(random, wishes));
  if (random.chance(0.7)) add({ name: "db" });
  if (random.chance(0.3)) add({ name: "cache" });
  const stores = services.map(({ name }) => name);
  if (stores.length > 0 && random.chance(0.25)) add({ name: "migrate", needs: some(random, stores), ends: "once" });
  add({ name: "app", needs: some(random, services.map(({ name }) => name)) });
  if (random.chance(0.35)) add({ name: "worker", needs: some(random, services.map(({ name }) => name)) });
  if (random.chance(0.3)) add({ name: "web", needs: some(random, ["app"]) });
  if (random.chance(0.12)) add({ name: "agent", mode: "global", needs: some(random, stores) });
  if (random.chance(0.12)) add({ name: "cron", ends: "again" });
  if (random.chance(0.08)) add({ name: "job", mode: "job", ends: "once" });
  if (random.chance(0.03)) for (let index = 0; index < 20; index++) add({ name: `extra${index}` });
  return services.map((service, index) => overdeclared(random, withoutEmpty(service, services), services.slice(0, index)));
}

const some = (random: Random, names: readonly string[]): string[] => names.filter(() => random.chance(0.75));

/** Nobody can need what has no replicas. */
const withoutEmpty = (service: ServicePlan, all: readonly ServicePlan[]): ServicePlan => {
  const needs = service.needs.filter((name) => all.some((other) => other.name === name && other.replicas > 0));
  return { ...service, needs, declaredNeeds: needs };
};

/** Compose may name what is not needed: only of services further up, or everybody would wait for everybody. */
function overdeclared(random: Random, service: ServicePlan, earlier: readonly ServicePlan[]): ServicePlan {
  const above = earlier.filter(({ name, ends }) => ends === "never" && !service.needs.includes(name));
  return above.length > 0 && random.chance(0.15) ? { ...service, declaredNeeds: [...service.needs, random.pick(above).name] } : service;
}
