import { type Finding, findingLine } from "../recipe/lint/finding.ts";
import type { Ending } from "./verdict.ts";

/** What lint foresees, by rule: the phase in which abra then refuses, and the reason's class. */
const foreseen: Readonly<Record<string, { readonly phase: string; readonly class: string }>> = {
  "config-not-bumped": { phase: "upgrade", class: "config-not-bumped" },
  "variable-duration": { phase: "prepare", class: "invalid-compose" },
};

/**
 * abra hands on what Docker said, which names neither service nor file. Where lint foresaw that abra would refuse just there, the
 * reason is what lint found, with abra's words as evidence.
 * @param endedIn the phase that the ending came from
 */
export function explained(ending: Ending, endedIn: string | null, findings: readonly Finding[]): Ending {
  if (ending.kind !== "finding" || ending.reason.class !== "abra-refused") return ending;
  const finding = findings.find(({ rule }) => foreseen[rule]?.phase === endedIn);
  const why = finding && foreseen[finding.rule];
  if (!finding || !why) return ending;
  const { service, file, text, remedy } = finding;
  return { ...ending, reason: { class: why.class, service, summary: `${file}: ${text}`, evidence: [findingLine(finding), ending.reason.summary, ...ending.reason.evidence], hint: `${remedy} (${file})` } };
}
