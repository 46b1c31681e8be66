import { backupPlan } from "../../backup.ts";
import type { Finding, Severity } from "../finding.ts";
import { fileOf, type LintRecipe } from "../recipe.ts";

/** What to do about each; those that recipes in use have, and that may be meant so, are advice. */
const known: Readonly<Record<string, { readonly remedy: string; readonly severity?: Severity }>> = {
  "backup-on-several-services": { remedy: "keep it on one service: all volumes of the stack are taken anyway", severity: "advice" },
  "backup-without-restore-hook": { remedy: "add a backupbot.restore.post-hook that reads it back", severity: "advice" },
  "backup-not-enabled": { remedy: "add backupbot.backup=true to one service" },
  "backup-mixed-syntax": { remedy: "keep backupbot.backup.volumes.* alone" },
  "backup-outside-volume": { remedy: "mount a volume there" },
  "backup-unknown-volume": { remedy: "correct the volume's name" },
  "backup-contradiction": { remedy: "decide for one" },
};

/** Labels of the backup bot that contradict each other, or do nothing. */
export function backupFindings(recipe: LintRecipe): Finding[] {
  return backupPlan(recipe.app).findings.map(({ rule, service, text }) => ({
    rule,
    severity: known[rule]?.severity ?? "error",
    service,
    file: fileOf(recipe, service ?? "app", "deploy", "labels"),
    text: text.replaceAll(recipe.stack, "${STACK_NAME}"),
    remedy: known[rule]?.remedy ?? "take it out, or correct it",
  }));
}
