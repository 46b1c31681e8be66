import type { Reason } from "../../base/errors.ts";

/**
 * What lint made of something in a recipe's files.
 * - `fatal`: Docker refuses the stack, or never starts the service; the build is red before anything is deployed
 * - `error`: wrong; the lint rung fails, the verdict does not
 * - `advice`: may be meant so; said, and counts for nothing
 */
export type Severity = "fatal" | "error" | "advice";

/** One thing that is wrong, where it stands and what to do about it. */
export interface Finding {
  /** `moving-tag`; for people to look up and for tests. */
  readonly rule: string;
  readonly severity: Severity;
  /** The compose service it is about; null where it is about none. */
  readonly service: string | null;
  /** The recipe's file that it stands in: `compose.yml`. */
  readonly file: string;
  readonly text: string;
  readonly remedy: string;
}

/** `compose.yml: service web: image nginx has no tag, which means latest; pin a version (no-tag)`. */
export function findingLine({ file, text, remedy, rule }: Finding): string {
  return `${file}: ${text}; ${remedy} (${rule})`;
}

/** The reason that a recipe can't be deployed at all, or null. What is fatal is the recipe's fault, class invalid-compose. */
export function invalidCompose(findings: readonly Finding[]): Reason | null {
  const fatal = findings.filter(({ severity }) => severity === "fatal");
  const [first] = fatal;
  if (!first) return null;
  return {
    class: "invalid-compose",
    service: first.service,
    summary: `${first.file}: ${first.text}`,
    evidence: fatal.map(findingLine),
    hint: `${first.remedy} in ${first.file}: Swarm would refuse this stack`,
  };
}
