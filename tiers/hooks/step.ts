/** A step of the recipe's own hooks.ts: run like a test, in the tier that needs it. */
export interface HookExpectations {
  readonly tier: "hook";
  /** Absolute path of hooks.ts. */
  readonly file: string;
  readonly step: HookStep;
}

/**
 * wire: connects the app with the recipes that it needs, before its own tests. seed: real content, before an upgrade or a backup. mutate: spoils it, before a restore. verify: it is there.
 * restored: what an operator does besides once abra has restored. rotate: the same once new secrets are made, and before they are deployed.
 */
export type HookStep = "wire" | "seed" | "mutate" | "restored" | "verify" | "rotate";
