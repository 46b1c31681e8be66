import type { Fate, ServicePlan, Version } from "../plan.ts";
import type { Random } from "../random.ts";

/** What goes wrong. Mild faults pass by themselves within what the limits bear; grave ones never do. */

type Fault = Pick<Version, "first" | "later" | "slots">;

export interface Broken {
  readonly kind: string;
  readonly service: ServicePlan;
  /** The registry said that the image does not exist. */
  readonly imageMissing?: boolean;
}

const runs: Fate = { kind: "runs" };
const times = (count: number, fate: Fate): Fate[] => Array.from({ length: count }, () => fate);
const sandbox = "starting container failed: network sandbox join failed: no such device";

function withFault(service: ServicePlan, at: 0 | 1, fault: Partial<Fault>): ServicePlan {
  const changed = { ...service.versions[at], ...fault };
  return { ...service, versions: at === 0 ? [changed, service.versions[1]] : [service.versions[0], changed] };
}

/** In some replicas only, where there are several. */
function slots(random: Random, { replicas, mode }: ServicePlan): readonly number[] | null {
  return mode === "replicated" && replicas > 1 && random.chance(0.5) ? [random.int(1, replicas)] : null;
}

/** One that passes: at most three failures of its own in a slot, at most one of those that two decide. */
export function mildly(random: Random, service: ServicePlan, at: 0 | 1): Broken {
  const some = slots(random, service);
  const first = (kind: string, fates: readonly Fate[]): Broken => ({ kind, service: withFault(service, at, { first: fates, later: runs, slots: some }) });
  const options: (() => Broken)[] = [
    () => first("crashes first", times(random.int(1, 3), { kind: "exits", life: [100, random.spread(200, 20_000)], code: random.int(1, 139) })),
    () => first("joined late", times(random.int(1, 3), { kind: "refused", error: sandbox })),
    () => first("refused once", [{ kind: "refused", error: "invalid mount config for type \"bind\": bind source path does not exist: /data" }]),
    () => first("pulled late", [{ kind: "refused", error: `No such image: ${service.name}:1.0` }]),
    () => first("placed late", [{ kind: "unplaced", error: "insufficient resources on 1 node", ms: random.int(1_000, 50_000) }]),
    () => first("addressed late", [{ kind: "unaddressed", ms: random.int(1_000, 50_000) }]),
    () => first("prepared late", [{ kind: "slow", ms: random.int(5_000, 60_000) }]),
    ...(service.health ? [() => first("sick once", [{ kind: "sick", after: random.pick([0, 0, random.int(5_000, 60_000)]) }])] : []),
    ...(service.ends === "again" ? [() => first("a schedule fails once", [{ kind: "exits", life: [100, 2_000], code: 1 }])] : []),
  ];
  return random.pick(options)();
}

/** One that does not pass. */
export function gravely(random: Random, service: ServicePlan, at: 0 | 1): Broken {
  const some = slots(random, service);
  const broken = (kind: string, later: Fate, more: Partial<ServicePlan> = {}, first: readonly Fate[] = []): Broken =>
    ({ kind, service: { ...withFault(service, at, { first, later, slots: some }), ...more } });
  const short = random.spread(100, 10_000);
  const exits = (code: number, oom = false): Fate => ({ kind: "exits", life: [Math.max(50, short / 2), short], code, oom });
  const { restart } = service;
  const options: (() => Broken)[] = [
    () => broken("crash loop", exits(random.int(1, 139))),
    () => broken("crash loop", exits(1)),
    () => broken("slow loop", { kind: "exits", life: [20_000, random.int(25_000, 75_000)], code: 1 }),
    () => broken("uneven loop", { kind: "exits", life: [200, random.int(5_000, 60_000)], code: 1 }),
    () => broken("out of memory", exits(137, true), { memoryLimit: 64 * 1024 ** 2 }),
    () => broken("killed without a limit", exits(137)),
    () => broken("loops after a good while", exits(1), {}, [{ kind: "exits", life: [30_000, 110_000], code: 1 }]),
    () => broken("bad mount", { kind: "refused", error: "invalid mount config for type \"bind\": bind source path does not exist: /data" }),
    () => broken("missing program", { kind: "unstartable", error: "starting container failed: failed to create task for container: exec: \"foo\": executable file not found in $PATH: unknown" }),
    () => broken("no registry", { kind: "refused", error: `No such image: ${service.name}:1.0` }),
    () => ({ ...broken("image missing", { kind: "refused", error: `No such image: ${service.name}:${at + 1}.0` }), imageMissing: true }),
    () => broken("engine trouble", { kind: "refused", error: sandbox }),
    () => broken("constraint", { kind: "unplaced", error: "scheduling constraints not satisfied on 1 node", ms: Number.POSITIVE_INFINITY }),
    () => broken("no room", { kind: "unplaced", error: "insufficient resources on 1 node", ms: Number.POSITIVE_INFINITY }),
    () => broken("no address", { kind: "unaddressed", ms: Number.POSITIVE_INFINITY }),
    () => broken("gives up", exits(1), { restart: { ...restart, maxAttempts: random.int(1, 3), windowMs: 0 } }),
    // With a delay of 10 s or less it would be no schedule any more.
    ...(service.ends === "again" ? [] : [
      () => broken("no second try", exits(1), { restart: { ...restart, condition: "none" } }),
      () => broken("window never ends", exits(1), { restart: { ...restart, delayMs: 5_000, maxAttempts: random.int(1, 3), windowMs: 5_000 } }),
    ]),
    ...(service.health ? [
      () => broken("never healthy", { kind: "sick", after: 0 }),
      () => broken("gets sick", { kind: "sick", after: random.int(1_000, 40_000) }),
      () => broken("hangs", { kind: "hangs" }),
    ] : []),
    // With a longer delay of its own, a loop of zero exits is a schedule.
    ...(restart.condition === "any" && (restart.delayMs ?? 0) <= 10_000 && service.ends === "never" ? [() => broken("exit zero loop", exits(0))] : []),
  ];
  return random.pick(options)();
}
