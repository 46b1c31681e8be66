/** abra's wait for convergence, with the false greens of the docker client that it is built on. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Service, type Task, services, tasks } from "./engine.ts";
import { Fatal, log } from "./log.ts";

const pollMs = 200;
const defaultMonitorMs = 5000;

/** What one service's wait remembers between polls. */
export interface Progress {
  /** When all replicas were first seen running without a break; null while they aren't. Milliseconds. */
  readonly since: number | null;
  readonly rollback: boolean;
}

export type Step = { readonly kind: "wait"; readonly progress: Progress } | { readonly kind: "done" } | { readonly kind: "failed"; readonly why: string };

/**
 * One poll of one service. The rules are the docker client's: all replicas running for the monitor window is converged, a
 * `completed` from an earlier update counts at once, a pause is an error at once, a rollback that runs is a success,
 * a crash loop is nothing at all.
 * @param current up-to-date tasks only
 * @param now milliseconds, any start
 */
export function step(service: Service, current: readonly Task[], before: Progress, now: number): Step {
  const update = service.UpdateStatus?.State;
  let rollback = before.rollback;
  if (update === "paused") return { kind: "failed", why: `service update paused: ${service.UpdateStatus?.Message ?? ""}` };
  if (update === "rollback_paused") return { kind: "failed", why: `service rollback paused: ${service.UpdateStatus?.Message ?? ""}` };
  if (update === "rollback_started") rollback = true;
  if (update === "completed" && before.since === null) return { kind: "done" };
  if (!converged(service, current)) return { kind: "wait", progress: { since: null, rollback } };
  const since = before.since ?? now;
  if (now - since >= monitorMs(service, rollback)) return { kind: "done" };
  return { kind: "wait", progress: { since, rollback } };
}

function converged(service: Service, current: readonly Task[]): boolean {
  const { Mode } = service.Spec;
  const live = current.filter((task) => task.DesiredState === "running" || task.DesiredState === "complete");
  if (Mode.ReplicatedJob || Mode.GlobalJob) return live.length > 0 && live.every((task) => task.Status.State === "complete");
  const running = live.filter((task) => task.Status.State === "running").length;
  const wanted = Mode.Replicated ? (Mode.Replicated.Replicas ?? 1) : new Set(live.map((task) => task.NodeID)).size;
  return Mode.Replicated ? running === wanted : wanted > 0 && running === wanted;
}

function monitorMs(service: Service, rollback: boolean): number {
  const nanoseconds = (rollback ? service.Spec.RollbackConfig : service.Spec.UpdateConfig)?.Monitor;
  return nanoseconds ? nanoseconds / 1e6 : defaultMonitorMs;
}

/**
 * Waits on all services at once.
 * @throws Fatal `deploy failed` as soon as one service's wait ends in an error, `deploy timed out` after `seconds`
 */
export async function waitConverged(stack: string, seconds: number): Promise<void> {
  const started = performance.now();
  const progress = new Map<string, Progress>();
  const done = new Set<string>();
  for (;;) {
    const [all, current] = await Promise.all([services(stack), upToDate(stack)]);
    for (const service of all.filter((one) => !done.has(one.ID))) {
      const before = progress.get(service.ID) ?? { since: null, rollback: false };
      const next = step(service, current.filter((task) => task.ServiceID === service.ID), before, performance.now());
      if (next.kind === "failed") {
        log.info(`${service.Spec.Name}: ${next.why}`);
        throw new Fatal("deploy failed");
      }
      if (next.kind === "done") done.add(service.ID);
      else progress.set(service.ID, next.progress);
    }
    if (done.size >= all.length) return;
    if (performance.now() - started >= seconds * 1000) throw new Fatal("deploy timed out");
    await sleep(pollMs);
  }
}

function upToDate(stack: string): Promise<Task[]> {
  return tasks({ label: [`com.docker.stack.namespace=${stack}`], "_up-to-date": ["true"] });
}
