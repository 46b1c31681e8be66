import { isLive, isWanted, placeOf, type Service } from "./swarm/task.ts";
import { epoch, type World } from "./world.ts";

/** What a world has come to when nobody interfered. */
export interface Truth {
  readonly well: boolean;
  /** Chance mended within seconds what looked decided: both answers are right. */
  readonly byChance: boolean;
  /** Services that are not as they should be. */
  readonly bad: readonly string[];
  /** Why, for who reads a failure. */
  readonly why: readonly string[];
}

/** What is well has not failed for this long: longer than the slowest loop that is made up here takes for one round. */
const quietMs = 240_000;

/**
 * Asked at the end, when the last change is further back than any excuse may reach.
 * @param end milliseconds since the world began
 */
export function truthOf(world: World, end: number): Truth {
  const why = [...world.services.values()].flatMap((service) => {
    const trouble = troubleOf(service, epoch + end - (world.failedAt.get(service.plan.name) ?? 0), world.doneIn);
    return trouble === null ? [] : [{ name: service.plan.name, trouble }];
  });
  const byChance = [...world.services.values()].some(({ stuck }) => stuck === "for seconds");
  return { well: why.length === 0, byChance, bad: why.map(({ name }) => name), why: why.map(({ name, trouble }) => `${name}: ${trouble}`) };
}

function troubleOf(service: Service, quietFor: number, doneIn: ReadonlySet<string>): string | null {
  const { plan, update } = service;
  if (update?.state.startsWith("rollback")) return update.state;
  if (service.stuck === "for long") return "its update was paused while old tasks ran";
  if (quietFor < quietMs) return `failed ${Math.round(quietFor / 1000)} s before the end`;
  if (update?.state === "updating") return "still updating";
  const stale = service.tasks.find((task) => isLive(task) && task.spec !== service.spec);
  if (stale) return `an old task still runs in slot ${placeOf(stale)}`;
  const slots = [...Map.groupBy(service.tasks, placeOf).values()];
  const done = slots.filter((tasks) => tasks.some((task) => task.spec === service.spec && isAsItShould(service, task, tasks, doneIn)));
  const wanted = plan.mode === "global" ? slots.length : plan.replicas;
  return done.length < wanted ? `${done.length} of ${wanted} slots are as they should be` : null;
}

function isAsItShould({ plan }: Service, task: Service["tasks"][number], slot: Service["tasks"], doneIn: ReadonlySet<string>): boolean {
  if (task.state === "running" && task.desired === "running") return true;
  if (plan.ends === "again") return slot.some(isWanted) && doneIn.has(`${plan.name} ${placeOf(task)} ${task.spec}`);
  return task === slot.at(-1) && task.state === "complete" && (plan.restart.condition !== "any" || plan.mode === "job");
}
