/** What is wrong with the services, in words; an empty list is good. Pure, so that the tests of the tiers only assert. */
import type { ServiceState, TaskState } from "../context.ts";

/** Services that are not at their replicas. A finished task of a one-shot counts as there. */
export function missingReplicas(services: readonly ServiceState[]): string[] {
  return services.flatMap((service) => {
    const there = service.tasks.filter((task) => isThere(service, task)).length;
    return there >= service.desired ? [] : [`${service.name}: ${there} of ${service.desired} tasks are there${lastWords(service)}`];
  });
}

function isThere(service: ServiceState, task: TaskState): boolean {
  if (task.state === "running") return task.desired === "running";
  return service.oneShot && task.state === "complete";
}

function lastWords(service: ServiceState): string {
  const ended = service.tasks.findLast((task) => task.error !== null);
  return ended ? ` (${ended.state}: ${ended.error})` : "";
}

/** Tasks that were there when the app had settled and are not any more, and tasks that ended since. */
export function restartsSince(settled: readonly ServiceState[], now: readonly ServiceState[]): string[] {
  return settled.flatMap((before) => {
    const after = now.find((service) => service.name === before.name);
    if (!after) return [`${before.name}: the service is gone`];
    const known = new Map(before.tasks.map((task) => [task.id, task]));
    const lost = before.tasks.filter((task) => isThere(before, task) && !after.tasks.some((other) => other.id === task.id && isThere(after, other)));
    const broken = after.tasks.filter((task) => !known.has(task.id) && ["failed", "rejected", "orphaned"].includes(task.state));
    return [
      ...lost.map((task) => `${before.name}: task ${task.id} ended${whyEnded(after, task.id)}`),
      ...broken.map((task) => `${before.name}: task ${task.id} ${task.state}${task.error ? `: ${task.error}` : ""}`),
    ];
  });
}

function whyEnded(service: ServiceState, id: string): string {
  const task = service.tasks.find((other) => other.id === id);
  return task ? ` (${task.state}${task.error ? `: ${task.error}` : ""})` : "";
}

/** The label's value on `app`, or what stands there instead. */
export function wrongLabel(services: readonly ServiceState[], label: { readonly key: string; readonly value: string }): string[] {
  const app = services.find((service) => service.name === "app");
  if (!app) return ["there is no service app"];
  const value = app.labels[label.key];
  return value === label.value ? [] : [`app: label ${label.key} is ${value === undefined ? "missing" : `"${value}"`}, expected "${label.value}"`];
}
