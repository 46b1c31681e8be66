import type { Finding } from "./finding.ts";
import type { LintRecipe } from "./recipe.ts";
import { backupFindings } from "./rules/backup.ts";
import { durationFindings } from "./rules/durations.ts";
import { healthFindings } from "./rules/health.ts";
import { hostFindings } from "./rules/host.ts";
import { imageFindings } from "./rules/images.ts";
import { labelFindings } from "./rules/labels.ts";
import { aliasFindings } from "./rules/network.ts";
import { referenceFindings } from "./rules/references.ts";
import { sinceBase } from "./rules/since-base.ts";
import { updateFindings } from "./rules/updates.ts";

const rules: readonly ((recipe: LintRecipe) => Finding[])[] = [
  imageFindings, referenceFindings, durationFindings, aliasFindings, healthFindings, updateFindings, hostFindings, labelFindings, backupFindings,
];

/**
 * Every static check over a recipe's files.
 * @param base the version that head is upgraded from; null where nothing is older, or it can't be read
 * @returns what was found, the fatal first
 */
export function staticFindings(head: LintRecipe, base: LintRecipe | null): Finding[] {
  const found = [...rules.flatMap((rule) => rule(head)), ...(base ? sinceBase(head, base) : [])];
  const order = ["fatal", "error", "advice"];
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}
