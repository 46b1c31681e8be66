import { limitBehind } from "./policy/capped.ts";
import { daemonLost } from "./policy/daemon.ts";
import { rootOf } from "./policy/blame.ts";
import type { Finding, Rule } from "./policy/finding.ts";
import { gaveUp } from "./policy/rules/gave-up.ts";
import { image } from "./policy/rules/images.ts";
import { crashLoop, unhealthyLoop } from "./policy/rules/loops.ts";
import { noNode, nodeDown, nodeWithoutAddress, portConflict, stuckNew } from "./policy/rules/placement.ts";
import { rejected } from "./policy/rules/rejected.ts";
import { paused, rolledBack } from "./policy/rules/updates.ts";
import { standingOf } from "./policy/standing.ts";
import { askedFor, type View, viewOf } from "./policy/view.ts";
import { waitingLine } from "./policy/wording.ts";
import type { History, Judgement, Limits } from "./types.ts";

/** First match wins for each service: what says most about the cause comes first. */
const rules: readonly Rule[] = [image, rolledBack, rejected, gaveUp, nodeWithoutAddress, portConflict, unhealthyLoop, crashLoop, paused, noNode, stuckNew, nodeDown];

/** What an overlay of the harness may cause: it moves ports into host mode. */
const overlayCauses = new Set(["port-conflict", "host-port-taken"]);

/**
 * The one judge of a deployment: pure, on plain data and a time on the history's timeline.
 * @returns waiting with one line that says what for; settled or converged; or failed / infra / harness-limit with the reason
 */
export function judge(history: History, limits: Limits, now: number): Judgement {
  const lost = daemonLost(history, limits, now);
  if (lost) return verdict(lost, history);
  const view = viewOf(history, limits, now);
  const judged = askedFor(view).flatMap((name) => view.services.get(name) ?? []);
  const findings = judged.flatMap((service) => {
    for (const rule of rules) {
      const finding = rule(service, view);
      if (finding) return [finding];
    }
    return [];
  });
  const root = rootOf(findings, view);
  return root ? verdict(root, history) : standing(view);
}

function verdict(finding: Finding, history: History): Judgement {
  const { class: cls, service, summary, evidence, hint, slot, at } = finding;
  const limit = limitBehind(finding, history);
  const ours = overlayCauses.has(cls) && history.overlaid.some((name) => name === service) ? "on a service whose ports the harness's overlay changes for this host" : limit?.words;
  if (ours === undefined) return { kind: finding.kind, slot, at, reason: { class: cls, service, summary, evidence, hint } };
  return {
    kind: "harness-limit",
    slot,
    at,
    reason: { class: "harness-limit", service, summary, evidence: [`${cls}, ${ours}`, ...evidence], hint: limit?.hint ?? hint },
  };
}

function standing(view: View): Judgement {
  const names = askedFor(view);
  const stands = names.map((name) => ({ name, ...standingOf(name, view) }));
  const missing = stands.filter((one) => !one.inPlace);
  const { failedAttempts, lastError } = view.history.daemon;
  // What was seen before it fell silent proves nothing about now.
  if (failedAttempts > 0) return { kind: "waiting", line: `the daemon gives no good answer (${lastError})` };
  if (names.length === 0) return { kind: "waiting", line: "no service yet" };
  if (missing.length > 0) return { kind: "waiting", line: waitingLine(missing) };
  const inPlace = stands.filter((one) => one.inPlace);
  const since = Math.max(...inPlace.map((one) => one.since));
  const warnings = inPlace.flatMap(({ warning }) => (warning === null ? [] : [warning]));
  const hold = Math.max(...names.map((name) => view.services.get(name)?.record.monitorMs ?? 0));
  const up = names.length === 1 ? "1 service up" : `${names.length} services up`;
  const held = view.now - since;
  if (held >= hold) return { kind: "converged", line: up, since, warnings };
  return { kind: "settled", line: `${up}, held ${Math.max(0, Math.round(held / 1000))} s of ${Math.round(hold / 1000)} s`, since, warnings };
}
