import { type Finding, findingLine } from "../recipe/lint/finding.ts";
import type { Ending } from "./verdict.ts";

/** What lint foresees, by rule: the phase in which abra then refuses, Docker's words for it, and the reason's class. */
const foreseen: Readonly<Record<string, { readonly phase: string; readonly words: RegExp; readonly class: string }>> = {
  "config-not-bumped": { phase: "upgrade", words: /only updates to Labels are allowed/, class: "config-not-bumped" },
  "variable-duration": { phase: "prepare", words: /format 'duration'/, class: "invalid-compose" },
};

/**
 * abra hands on what Docker said, which names neither service nor file. Where lint foresaw that abra would refuse just there, and with
 * such words, the reason is what lint found, with abra's words as evidence, whatever overlay there was. What is refused for something
 * else is not explained by it.
 * @param endedIn the phase that the ending came from
 */
export function explained(ending: Ending, endedIn: string | null, findings: readonly Finding[]): Ending {
  if (ending.kind !== "finding" || ending.reason.class !== "abra-refused") return ending;
  const said = [ending.reason.summary, ...ending.reason.evidence].join("\n");
  const finding = findings.find(({ rule }) => foreseen[rule]?.phase === endedIn && foreseen[rule].words.test(said));
  const why = finding && foreseen[finding.rule];
  if (!finding || !why) return ending;
  const { service, file, text, remedy } = finding;
  return { ...ending, blame: "recipe", reason: { class: why.class, service, summary: `${file}: ${text}`, evidence: [findingLine(finding), ending.reason.summary, ...ending.reason.evidence], hint: `${remedy} (${file})` } };
}
