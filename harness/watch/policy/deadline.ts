import { humanDuration } from "../../base/clock.ts";
import { FindingError } from "../../base/errors.ts";
import type { History, Judgement, Limits } from "../types.ts";
import { failureLines, taskLine } from "./finding.ts";
import { standingOf } from "./standing.ts";
import { viewOf } from "./view.ts";
import { excuseLines, loopLimit, plural } from "./wording.ts";

/**
 * What to report when the time is up and nothing was decided. An open streak is the reason where there is one; where
 * nothing of the recipe ever got to run, the Swarm is.
 * @param waitedMs how long was waited
 */
export function deadlineFinding(history: History, limits: Limits, now: number, waitedMs: number, judged: Judgement): FindingError {
  const view = viewOf(history, limits, now);
  const names = [...new Set([...history.change.expected, ...view.services.keys()])];
  const late = names.filter((name) => !standingOf(name, view).inPlace);
  const looping = late.filter((name) => view.services.get(name)?.slots.some(({ streak }) => streak.length > 0));
  const candidates = looping.length > 0 ? looping : late;
  // Of those that are late, one that waits for no other late one is the root.
  const service = candidates.find((name) => !view.services.get(name)?.needs.some((need) => candidates.includes(need))) ?? null;
  const root = service === null ? undefined : view.services.get(service);
  const slots = root?.slots ?? [];
  const neverRan = slots.length > 0 && slots.every(({ tasks }) => tasks.every(({ startedAt, state }) => startedAt === null && !["failed", "rejected"].includes(state)));
  const line = "line" in judged ? judged.line : judged.reason.summary;
  const summary = `not up after ${humanDuration(waitedMs)}: ${line || "nothing seen"}`;
  const open = slots.find(({ streak }) => streak.length > 0);
  const evidence = [
    ...slots.flatMap(({ failures, latest }) => [...failureLines(failures), taskLine(latest)]),
    ...(root ? excuseLines(root, view) : []),
    ...(open ? [`${plural(open.streak.length)} counted, ${loopLimit(limits)}`] : []),
    `limit: ${humanDuration(waitedMs)} for everything to be up (10 min 0 s, or the label coop-cloud.\${STACK_NAME}.timeout of app where it says more)`,
  ];
  return new FindingError(neverRan ? "infra" : "recipe", {
    class: "deadline",
    service,
    summary,
    evidence,
    hint: neverRan
      ? `${service} never got to start: look at the node (image, network, volume), then run again`
      : service === null ? "raise the deadline, or see what is slow" : `see why ${service} is not up yet; where it is only slow, raise TIMEOUT or its start_period`,
  });
}
