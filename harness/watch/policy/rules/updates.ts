import { fixed } from "../../limits.ts";
import type { UpdateStatus } from "../../types.ts";
import type { ServiceView, View } from "../view.ts";
import { failureOf, isLive } from "../failures.ts";
import { failureLines, type Finding, type Rule, taskLine } from "../finding.ts";

/** Swarm put the previous spec back: healthy, and not what was asked for. */
export const rolledBack: Rule = (service, view) => {
  const { record } = service;
  if (!record.update?.state.startsWith("rollback_") || !isOfThisChange(service, view)) return null;
  return {
    ...common(service, view, record.update),
    class: "rolled-back",
    summary: `${record.name}: Swarm rolled the update back, the previous version runs`,
    hint: `see why the new tasks failed; failure_action of ${record.name} is rollback, so nothing of the new version is left`,
  };
};

/** `paused` alone is no failure: with the default failure action a service can be up on the new spec and stay paused for ever. */
export const paused: Rule = (service, view) => {
  const { record, slots } = service;
  if (record.update?.state !== "paused" || !isOfThisChange(service, view) || view.now - record.movedAt < fixed.pausedMs) return null;
  const old = slots.flatMap(({ tasks }) => tasks.filter((task) => isLive(task) && task.spec !== record.spec));
  if (old.length === 0) return null;
  const { evidence, ...rest } = common(service, view, record.update);
  return {
    ...rest,
    class: "paused",
    summary: `${record.name}: Swarm paused the update, ${old.length} of ${record.desired} still run the old version`,
    evidence: [...evidence, ...old.map((task) => `still the old version: ${taskLine(task)}`)],
    hint: `see why the new tasks failed; if they only had to wait for another service, give ${record.name} an update_config with a longer monitor or failure_action continue`,
  };
};

/** Whether the update status came after the snapshot that was taken before the change. */
export function isOfThisChange({ record }: ServiceView, { history }: View): boolean {
  const before = history.change.before[record.name];
  return record.update !== null && (before?.id !== record.id || before.updateStartedAt !== record.update.startedAt);
}

function common({ record, slots }: ServiceView, { history, now }: View, update: UpdateStatus): Omit<Finding, "class" | "summary" | "hint"> {
  // After a rollback the failed tasks are not of the current spec: look at all that failed since the change.
  const failures = slots
    .flatMap(({ tasks }) => tasks.flatMap((task) => failureOf(task, undefined, { ...record, spec: task.spec }, history.change.at) ?? []))
    .sort((a, b) => a.at - b.at);
  const last = failures.at(-1);
  return {
    kind: "failed",
    service: record.name,
    slot: last?.task.slot ?? null,
    at: update.completedAt ?? last?.at ?? now,
    evidence: [`update ${update.state}: ${update.message}`, ...failureLines(failures)],
  };
}
