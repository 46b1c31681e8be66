import type { TierName } from "../../../reports/results.ts";
import type { Build } from "../context.ts";

/** A tier that passed proves less than it seems: it becomes unverified. One that did not pass keeps what it says. */
export function doubt({ findings }: Pick<Build, "findings">, name: TierName, reason: string): void {
  const index = findings.tiers.findIndex((tier) => tier.name === name);
  const tier = findings.tiers[index];
  if (tier?.status === "passed") findings.tiers[index] = { ...tier, status: "unverified", reason };
}
