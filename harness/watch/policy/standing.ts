import { humanDuration } from "../../base/clock.ts";
import { fixed } from "../limits.ts";
import type { TaskRecord } from "../types.ts";
import { isFinished, isLive, isSchedule, isUp } from "./failures.ts";
import { healthOf } from "./readiness.ts";
import { isOfThisChange } from "./rules/updates.ts";
import { trustMs, upFor } from "./streaks.ts";
import type { ServiceView, SlotView, View } from "./view.ts";
import { plural } from "./wording.ts";

/** How one service stands: in place since when, or what it is waiting for, in words. */
export type Standing =
  | { readonly inPlace: true; readonly since: number; readonly warning: string | null }
  | { readonly inPlace: false; readonly words: string; readonly failed: boolean };

/** What crashes at once is never longer than this in any state. */
const roundMs = 5_000;
const inFlight = new Set(["updating", "rollback_started"]);
const waits = (words: string, failed = false): Standing => ({ inPlace: false, words, failed });

export function standingOf(name: string, view: View): Standing {
  const service = view.services.get(name);
  if (!service) return waits("not created yet");
  return changeStanding(service, view) ?? slotsStanding(service, view);
}

/** What the change itself still has to do; null where nothing. */
function changeStanding(service: ServiceView, view: View): Standing | null {
  const { record, slots } = service;
  const { change } = view.history;
  const before = change.before[record.name];
  if (before?.id === record.id) {
    if (before.version === record.version) return change.applied ? null : waits("not updated yet");
    // Swarm accepts an update before it starts it: for a moment all is up and nothing has begun.
    if (record.update === null && view.now - record.movedAt < fixed.updateStartMs) return waits("update accepted");
  }
  if (record.update && inFlight.has(record.update.state)) {
    const done = slots.filter((slot) => slotSince(slot, service) !== null).length;
    return waitsIn(`${record.update.state === "updating" ? "updating" : "rolling back"}, ${done} of ${record.desired} up`, trouble(service, view));
  }
  return null;
}

function slotsStanding(service: ServiceView, view: View): Standing {
  const { record, slots } = service;
  const since = slots.map((slot) => slotSince(slot, service)).filter((time) => time !== null);
  if (since.length < record.desired) return waitsIn(firstMissing(service, view), trouble(service, view));
  const nowhere = record.mode.startsWith("global") && slots.length === 0;
  if (nowhere && view.now - record.movedAt < fixed.updateStartMs) return waits("no task yet");
  const open = slots.find(({ streak, latest }) => streak.length > 0 && isLive(latest));
  if (open) {
    const left = trustMs(open.streak, view.limits) - upFor(open.latest, view.now);
    return waits(`up after ${plural(open.streak.length)}, trusted in ${seconds(left)}`, true);
  }
  const stillPaused = record.update?.state === "paused" && isOfThisChange(service, view);
  const moved = view.history.change.before[record.name]?.id === record.id && record.update === null ? record.movedAt : 0;
  return {
    inPlace: true,
    // Not from the update's end: Swarm ends it only after the tasks were up for the monitor window, and once is enough.
    since: Math.max(record.createdAt, moved, ...since),
    warning: nowhere
      ? `${record.name} is global, and no node takes a task of it: it runs nowhere`
      : stillPaused
        ? `${record.name} is up on the new version, but its update stays paused: ${record.update?.message}; give it an update_config with a longer monitor`
        : null,
  };
}

/** Since when a slot is as it should be: up on the current spec, or finished where that is permitted; null: it is not. */
function slotSince(slot: SlotView, service: ServiceView): number | null {
  const { latest } = slot;
  const { spec } = service.record;
  if (latest.spec !== spec || slot.tasks.some((task) => isLive(task) && task.spec !== spec)) return null;
  const well = isSchedule(service.record) ? wellSince(slot, spec) : null;
  if (well !== null || isFinished(latest, service.record)) return well ?? latest.endedAt;
  return isUp(latest) ? latest.runningAt : null;
}

/** The end of the first of those runs of a schedule that went well up to now. */
function wellSince(slot: SlotView, spec: string): number | null {
  // Only what ended has an exit code. What was told to stop has done nothing: a daemon with a long delay is no schedule because it stops with 0.
  const ended = slot.tasks.filter((task) => !task.asked && (task.state === "complete" || task.exitCode !== null));
  const wrong = ended.findLastIndex((task) => task.exitCode !== 0 || task.spec !== spec);
  return ended[wrong + 1]?.endedAt ?? null;
}

/** A slot that only goes round its loop is told by its failures: its state changes many times a second. */
function waitsIn(state: string | null, failures: string): Standing {
  return waits([state, failures].filter(Boolean).join(", "), failures !== "");
}

/** How the first slot that is missing stands; null where it is between two tries and its failures say more. */
function firstMissing(service: ServiceView, view: View): string | null {
  const { record, slots } = service;
  const slot = slots.find((one) => slotSince(one, service) === null && one.tasks.some(isLive)) ?? slots.find((one) => slotSince(one, service) === null);
  if (!slot) return slots.length === 0 ? "no task yet" : `${slots.length} of ${record.desired} up`;
  if (isBetweenTries(slot.latest, view) && trouble(service, view) !== "") return null;
  const many = record.desired > 1 ? `slot ${slot.key} ` : "";
  return many + stateInWords(slot.latest, view);
}

const isBetweenTries = (task: TaskRecord, { now }: View): boolean => task.state === "ready" || now - task.stateAt < roundMs;

function stateInWords(task: TaskRecord, view: View): string {
  const age = seconds(view.now - task.stateAt);
  switch (task.state) {
    case "starting": {
      const { limitMs } = healthOf(task, view.history);
      return limitMs === null ? `starting (${age})` : `starting (health ${age} of ${seconds(limitMs)})`;
    }
    case "ready":
      return "waiting to restart";
    case "pending":
      return `pending (${task.error ?? task.message ?? "no word from the scheduler"})`;
    default:
      return `${task.state} (${age})`;
  }
}

/** `3 failures, excused by db`; empty where nothing failed. */
function trouble({ slots }: ServiceView, view: View): string {
  const failures = slots.flatMap((slot) => slot.failures);
  const excused = failures.filter(({ excusedBy }) => excusedBy !== null);
  const streaks = slots.map(({ streak }) => streak.length);
  const counted = streaks.reduce((sum, one) => sum + one, 0);
  const longest = Math.max(0, ...streaks);
  const parts = [];
  if (excused.length > 0) parts.push(`${plural(excused.length)}, excused by ${[...new Set(excused.map(({ excusedBy }) => excusedBy))].join(" and ")}`);
  // The limit is one slot's: five replicas that each died once are no five of four.
  if (counted > 0) parts.push(counted === longest ? `${plural(counted)} of ${view.limits.failures}` : `${plural(counted)}, ${longest} of ${view.limits.failures} in one slot`);
  return parts.join(", ");
}

const seconds = (ms: number): string => (ms < 120_000 ? `${Math.max(0, Math.round(ms / 1000))} s` : humanDuration(ms));
