/** What the tests of an app whose version was changed, or whose data was restored, are told. Plain data, as in context.ts. */
import type { FrontPage, ServiceState, WitnessSeen } from "./seen.ts";

export interface Label {
  readonly key: string;
  readonly value: string;
}

/** What head's files say must run. */
export interface HeadService {
  readonly name: string;
  /** As in compose.yml: `nginx:1.27`. */
  readonly image: string;
  /** What the registry's answer at prepull says it is: `sha256:...`; null where nobody said. */
  readonly digest: string | null;
}

export interface UpgradeExpectations {
  readonly tier: "upgrade";
  readonly commitLabel: Label;
  /** The recipe's own version label on `app`; null where head has none. */
  readonly versionLabel: Label | null;
  readonly page: FrontPage | null;
  /** The services just before abra was run with head. */
  readonly before: readonly ServiceState[];
  readonly settled: readonly ServiceState[];
  readonly head: readonly HeadService[];
  /** What was planted on base, after the upgrade. */
  readonly witnesses: readonly WitnessSeen[];
}

/** What no witness can stand for. */
export interface WitnessGap {
  readonly what: string;
  readonly why: string;
}

export interface RestoreExpectations {
  readonly tier: "restore";
  /** What abra's `app restore` came to. */
  readonly restored: { readonly ok: boolean; readonly said: string; readonly snapshot: string };
  /** After removal and change, before the restore: none may be as it was planted. */
  readonly altered: readonly WitnessSeen[];
  /** After the restore. */
  readonly witnesses: readonly WitnessSeen[];
  readonly gaps: readonly WitnessGap[];
  readonly page: FrontPage | null;
}
