import { afterAssumptions } from "./after.ts";
import { backupAssumptions } from "./backup.ts";
import { cliAssumptions } from "./cli.ts";
import { convergeAssumptions } from "./converge.ts";
import { deployAssumptions } from "./deploy.ts";
import { lastAssumptions } from "./last.ts";
import { lintAssumptions } from "./lint.ts";
import { newAssumptions } from "./new.ts";
import { secretAssumptions } from "./secrets.ts";
import type { Assumption } from "./types.ts";

/** Every assumption about abra, once, in the order in which they can be checked on one Swarm. */
export const assumptions: readonly Assumption[] = [
  ...cliAssumptions,
  ...newAssumptions,
  ...secretAssumptions,
  ...lintAssumptions,
  ...deployAssumptions,
  ...convergeAssumptions,
  ...afterAssumptions,
  ...backupAssumptions,
  ...lastAssumptions,
];

/** What only a real abra can confirm: the stand-in was written from the same guess. */
export function unconfirmed(): { id: string; text: string }[] {
  return assumptions.filter(({ grade }) => grade === "R" || grade === "I").map(({ id, text }) => ({ id, text }));
}
