import type { Act, Declared, Scenario, ServicePlan } from "../plan.ts";
import { Random } from "../random.ts";
import { gravely, mildly } from "./faults.ts";
import { goodStack } from "./services.ts";

/** What is over by then on the first deploy, whatever was mild about it. */
const settledMs = 330_000;
/** From the last act to the moment of truth: the ceiling of excuses, and what it takes to count four failures after it. */
const horizonMs = 660_000;

/** A made-up stack and its story, by seed alone. */
export function generate(seed: number): Scenario {
  const random = new Random(seed);
  const upgrades = random.chance(0.4);
  const socketsReadable = random.chance(0.7);
  const slow = !upgrades && socketsReadable && random.chance(0.1);
  const stack = slow ? withSlowListener(random, goodStack(random)) : socketsReadable ? goodStack(random) : goodStack(random).map((one) => soonListening(random, one));
  const first = deploy(random, stack, 0, 1_000);
  const upgrade = upgrades ? deploy(random, subset(random, stack), 1, settledMs + random.int(0, 5_000)) : null;
  const { services, missingImages, kind } = withFaults(random, stack, upgrades);
  const events = random.chance(0.9);
  const story = slow ? { acts: [], declared: [], kind: `${kind}, listens late` } : disturbed(random, services, upgrade?.at ?? first.at, upgrades, kind);
  const end = Math.max(upgrade?.at ?? first.at, ...story.declared.map(({ until }) => until)) + horizonMs;
  return {
    seed,
    kind: `${upgrades ? "upgrade" : "deploy"}: ${story.kind}`,
    services,
    acts: [first, ...(upgrade ? [upgrade] : []), ...story.acts],
    declared: story.declared,
    nodes: random.chance(0.2) ? 2 : 1,
    retention: random.chance(0.85) ? 5 : random.int(0, 2),
    missingImages,
    socketsReadable,
    silences: random.chance(0.15) ? [silence(random, end)] : [],
    events,
    everyLook: random.chance(0.03),
    hotMs: random.pick([30, 60, 150]),
    end,
  };
}

/** Only its socket tells when it is ready, and that takes longer than anybody is trusted blindly. */
function withSlowListener(random: Random, stack: readonly ServicePlan[]): ServicePlan[] {
  const name = random.pick(stack.filter(({ ends, mode }) => ends === "never" && mode === "replicated")).name;
  const bootMs = random.int(100_000, 240_000);
  return stack.map((service) => (service.name === name ? { ...service, health: null, versions: [{ ...service.versions[0], bootMs }, service.versions[1]] } : service));
}

/** Who can't be looked into is trusted blindly some time after its start: to have waited for others first would make that wrong. */
function soonListening(random: Random, service: ServicePlan): ServicePlan {
  if (service.health || service.needs.length === 0) return service;
  const [before, after] = service.versions;
  const diesWithoutMs = before.diesWithoutMs ?? random.spread(200, 8_000);
  return { ...service, versions: [{ ...before, diesWithoutMs }, { ...after, diesWithoutMs }] };
}

function deploy(random: Random, services: readonly ServicePlan[], version: 0 | 1, at: number): Extract<Act, { kind: "deploy" }> {
  let next = at + random.int(200, 800);
  const order = services.toSorted(() => random.next() - 0.5);
  const created = order.map(({ name }) => ({ name, at: (next += random.int(30, 500)) }));
  return { kind: "deploy", at, appliedAt: next + random.int(20, 300), services: created, version };
}

function subset(random: Random, stack: readonly ServicePlan[]): ServicePlan[] {
  const some = stack.filter(() => random.chance(0.7));
  return some.length > 0 ? some : [random.pick(stack)];
}

function withFaults(random: Random, stack: readonly ServicePlan[], upgrades: boolean): { services: ServicePlan[]; missingImages: string[]; kind: string } {
  const services = [...stack];
  const kinds: string[] = [];
  const missingImages: string[] = [];
  const breakOne = (how: typeof mildly, at: 0 | 1) => {
    const index = random.int(0, services.length - 1);
    const broken = how(random, services[index] as ServicePlan, at);
    services[index] = broken.service;
    kinds.push(broken.kind);
    if (broken.imageMissing) missingImages.push(`${broken.service.name}:${at + 1}.0`);
  };
  if (random.chance(0.4)) breakOne(mildly, upgrades && random.chance(0.7) ? 1 : 0);
  // Before an upgrade all was well: the build would not have come so far.
  if (random.chance(0.45)) breakOne(gravely, upgrades ? 1 : 0);
  if (random.chance(0.1)) breakOne(gravely, upgrades ? 1 : 0);
  return { services, missingImages, kind: kinds.join(" and ") || "nothing" };
}

/** Kills and restores, once all has been up for a while; none where it is not to come up at all. */
function disturbed(random: Random, services: readonly ServicePlan[], deployedAt: number, upgrades: boolean, kind: string): { acts: Act[]; declared: Declared[]; kind: string } {
  // A kill that by chance ends the old task of a paused update would repair what the build rightly gave up.
  const long = services.filter(({ ends, mode, restart, needs, versions, update }) => ends === "never" && mode === "replicated" && restart.maxAttempts === 0
    && (!upgrades || update.action === "continue" || (needs.length === 0 && versions[1].first.length === 0)));
  if (!random.chance(0.3) || long.length === 0) return { acts: [], declared: [], kind };
  const at = deployedAt + settledMs + random.int(0, 10_000);
  const service = random.pick(long).name;
  const slot = random.chance(0.3) ? 1 : null;
  const kill = (when: number, slowerMs: number): Act => ({ kind: "kill", at: when, service, slot, slowerMs });
  const story = random.pick(["killed", "killed and declared", "restored", "restored"] as const);
  if (story === "killed") return { acts: [kill(at, 0)], declared: [], kind: `${kind}, ${story}` };
  const forMs = random.int(20_000, 90_000);
  const endedAt = random.chance(0.5) ? at + random.int(1_500, 15_000) : null;
  const declared = [{ targets: random.chance(0.2) ? ["*"] : [service], from: at, until: at + forMs, endedAt, why: story }];
  const over = endedAt ?? at + forMs;
  if (story === "restored") return { acts: [kill(at + random.int(100, 1_000), random.int(5_000, 60_000))], declared, kind: `${kind}, ${story}` };
  const kills = Array.from({ length: random.int(1, 4) }, () => kill(random.int(at + 50, over - 50), 0));
  return { acts: kills, declared, kind: `${kind}, ${story}` };
}

function silence(random: Random, end: number): { from: number; until: number } {
  // The last word is asked of a daemon that answers.
  const from = random.int(1_000, end - 60_000);
  return { from, until: from + random.int(500, 15_000) };
}
