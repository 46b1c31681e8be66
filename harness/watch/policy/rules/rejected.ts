import { cannotStart, engineFailed, noSuchImage, portTaken, sameError, withoutAddress } from "../causes.ts";
import { failureLines, type Rule } from "../finding.ts";
import { limitLine } from "../wording.ts";

/** The same deterministic refusal again: a bad mount, a missing secret or config, an invalid spec, a program that is not in the image. */
export const rejected: Rule = ({ record, slots }, { limits }) => {
  for (const { key, streak } of slots) {
    const refused = streak.filter((failure) =>
      (failure.kind === "rejected" || cannotStart(failure)) && !noSuchImage(failure) && !engineFailed(failure) && !withoutAddress(failure) && !portTaken(failure.task.error));
    for (const same of Map.groupBy(refused, sameError).values()) {
      const last = same.at(-1);
      if (!last || same.length < limits.rejections) continue;
      return {
        kind: "failed",
        class: "rejected",
        service: record.name,
        slot: key,
        at: last.at,
        summary: `${record.name} can't start: ${last.task.error ?? "rejected without a reason"}`,
        evidence: [...failureLines(same), limitLine(`the same refusal ${limits.rejections} times`, ["rejections"], limits)],
        hint: `correct what the error names in the definition of ${record.name} (mount, secret, config, command)`,
      };
    }
  }
  return null;
};
