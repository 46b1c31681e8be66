import type { Reason } from "../../base/errors.ts";

/** One thing that is not done for somebody who is not trusted: where it stands and what to do about it. */
export interface Refusal {
  /** `host-path`; for people to look up and for tests. */
  readonly rule: string;
  /** The compose service that asks for it; null where none does. */
  readonly service: string | null;
  /** The recipe's file that it stands in: `compose.yml`. */
  readonly file: string;
  /** Where in the file: `services.app.privileged`. */
  readonly key: string;
  readonly text: string;
  readonly remedy: string;
}

/** The class of a build that ended by a refusal. */
export const notTrusted = "not-trusted";

/** Nobody reads on behind so many. */
const mostLines = 50;

/** What every refusal can be answered with. */
const lookAndSay = "or let a maintainer look at it and run it with --trust data";

/** `compose.yml: services.app.privileged: asks for all that root may do; take it out (privileged)`. */
export function refusalLine({ file, key, text, remedy, rule }: Refusal): string {
  return `${file}: ${key}: ${text}; ${remedy} (${rule})`;
}

/**
 * Why the recipe is not deployed, or null. Nothing is known to be wrong with it: other recipes need such things, and whoever knows
 * this one may allow them. So it is no fault of the recipe's, and no proof of anything: unverified.
 */
export function refusalReason(refusals: readonly Refusal[]): Reason | null {
  const [first] = refusals;
  if (!first) return null;
  const more = refusals.length === 1 ? "" : `, and ${refusals.length - 1} more`;
  return {
    class: notTrusted,
    service: first.service,
    summary: `${first.file}: ${first.key}: ${first.text}, which --trust none does not allow${more}`,
    evidence: [...refusals.slice(0, mostLines).map(refusalLine), ...(refusals.length > mostLines ? [`and ${refusals.length - mostLines} more`] : [])],
    hint: `${first.remedy}, ${lookAndSay}`,
  };
}
