import type { TierResult } from "../../../reports/results.ts";
import type { BackupPlan } from "../../recipe/backup.ts";
import type { App } from "../app/appState.ts";
import type { Gap } from "../witness/plan.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import type { BackupBot, Snapshot } from "./backupTypes.ts";

/** What the restore needs to know of the backup. */
export interface BackedUp {
  readonly app: App;
  readonly bot: BackupBot;
  readonly labels: BackupPlan;
  readonly snapshot: Snapshot;
  readonly witnesses: Witnesses;
  readonly gaps: readonly Gap[];
  /** What the hook seed came to, where no tier has it yet. */
  readonly seed: TierResult | null;
}
