import { failureLines, type Finding, lookAtLogs } from "./finding.ts";
import { waitsFor } from "./dependencies.ts";
import type { View } from "./view.ts";
import { excuseLines } from "./wording.ts";

/** A root is blamed by its open streak only when it failed more than once: one flicker is not a loop. */
const loop = 2;

/** Ends that a missing dependency explains; an image that does not exist or a port that is taken has its own cause. */
const explained = new Set(["crash-loop", "exit-zero-loop", "unhealthy-loop", "gave-up"]);

/** The finding that names the root: of what fails together, what the others wait for. Infra comes first: it is cheap to try again. */
export function rootOf(findings: readonly Finding[], view: View): Finding | null {
  const failing = findings.map(({ service }) => service);
  const roots = findings.filter((finding) => !needsOf(finding, view).some((need) => failing.includes(need)));
  const first = roots.toSorted((a, b) => rank(a) - rank(b) || a.at - b.at)[0];
  return first ? onDependency(first, view) : null;
}

const needsOf = ({ service }: Finding, { history }: View): readonly string[] => (service === null ? [] : waitsFor(history, service));

const rank = ({ kind }: Finding): number => (kind === "infra" ? 0 : 1);

/** Where what it depends on loops too, without being decided yet, the report names that first. */
function onDependency(finding: Finding, view: View): Finding {
  if (!explained.has(finding.class)) return finding;
  // The farthest one that loops: the others wait for it.
  const needs = needsOf(finding, view).toReversed().flatMap((name) => view.services.get(name) ?? []);
  const looping = needs.flatMap((root) => root.slots.map((slot) => ({ root, slot }))).find(({ slot }) => slot.streak.length >= loop);
  if (!looping) return finding;
  const { root, slot } = looping;
  const name = root.record.name;
  return {
    ...finding,
    service: name,
    slot: slot.key,
    summary: `${name} keeps failing (${slot.streak.length} times), and ${finding.service}, which waits for it, with it`,
    evidence: [...failureLines(slot.streak), ...excuseLines(root, view), `${finding.service}: ${finding.summary}`, ...finding.evidence],
    hint: `start with ${name}, ${finding.service} waits for it: ${lookAtLogs(name)}`,
  };
}
