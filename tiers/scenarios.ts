/** What the tests of the extra suite are told, one shape a scenario. Plain data, as in context.ts. */
import type { RestoreExpectations, UpgradeExpectations } from "./changed.ts";
import type { FrontPage, ServiceState, WitnessSeen } from "./seen.ts";

interface OfScenario<Name extends string> {
  readonly tier: "extra";
  /** Its folder in extra/. */
  readonly scenario: Name;
}

/** A service whose containers were killed. */
export interface Killed {
  readonly service: string;
  readonly containers: readonly string[];
  /** Until the whole app was up and answered again. */
  readonly tookMs: number;
  readonly budgetMs: number;
  /** How that came about. */
  readonly budget: string;
}

/** Each service was killed once. */
export interface KillExpectations extends OfScenario<"kill"> {
  readonly killed: readonly Killed[];
  readonly page: FrontPage | null;
}

/** Visitors who never rest. */
export interface LoadExpectations extends OfScenario<"load"> {
  /** The services just before. */
  readonly before: readonly ServiceState[];
  /** Status codes that the page may have. */
  readonly codes: readonly number[];
  /** How many answers came, by status code. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests that nobody answered. */
  readonly errors: number;
}

/** Deployed once more, with nothing changed. */
export interface RedeployExpectations extends OfScenario<"redeploy"> {
  /** The services just before. */
  readonly before: readonly ServiceState[];
}

/** The node and all that ran on it ended at once, and came back. */
export interface NodeRestartExpectations extends OfScenario<"node-restart"> {
  /** What was planted before, afterwards. */
  readonly witnesses: readonly WitnessSeen[];
  readonly page: FrontPage | null;
}

/** An app on two nodes, of which one was drained. */
export interface DrainExpectations extends OfScenario<"drain"> {
  /** Services that ran there, by name. */
  readonly moved: readonly string[];
  /** Those of them that still do. */
  readonly left: readonly string[];
  readonly page: FrontPage | null;
}

/** The secrets that a service's spec asks for, by their names in the Swarm. */
export interface MountedSecrets {
  readonly service: string;
  readonly secrets: readonly string[];
}

/** Deployed with new versions of its secrets. */
export interface RotateExpectations extends OfScenario<"rotate"> {
  /** The new versions: names in compose.yml, and in the Swarm. */
  readonly wanted: readonly { readonly key: string; readonly name: string }[];
  readonly before: readonly MountedSecrets[];
  readonly after: readonly MountedSecrets[];
  readonly page: FrontPage | null;
}

/** Head in place of an older version than base. */
export interface UpgradeFromExpectations extends OfScenario<"upgrade-from">, Omit<UpgradeExpectations, "tier"> {}

/** Undeployed, its volumes removed, deployed again, this run's snapshot restored: `altered` is what stood there in between. */
export interface RestoreFreshExpectations extends OfScenario<"restore-fresh">, Omit<RestoreExpectations, "tier"> {}

/** Base in place of head: what is called head elsewhere is base here. */
export interface RollbackExpectations extends OfScenario<"rollback">, Omit<UpgradeExpectations, "tier"> {}

/** What the tests of each generic scenario of the extra suite are told. */
export type ScenarioExpectations =
  | KillExpectations | LoadExpectations | RedeployExpectations | UpgradeFromExpectations | DrainExpectations | NodeRestartExpectations
  | RestoreFreshExpectations | RollbackExpectations | RotateExpectations;
