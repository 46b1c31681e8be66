import type { Swarm } from "../../swarm/types.ts";
import type { TierResult } from "../../../reports/results.ts";
import type { HookStep } from "../../../tiers/context.ts";
import type { ScenarioExpectations } from "../../../tiers/scenarios.ts";
import type { App } from "../app/appState.ts";
import type { BackedUp } from "../backup/backedUp.ts";
import type { Plan } from "../plan.ts";
import type { Site } from "../site.ts";

/** What a scenario works with, and where it says what came of it. */
export interface Stage {
  readonly site: Site;
  readonly swarm: Swarm;
  readonly plan: Plan;
  /** The app as the tiers before, and the scenarios before, have left it: at head, and up. */
  readonly app: App;
  /** This run's snapshot of it; null where there is none. */
  readonly backedUp: BackedUp | null;
  /**
   * Runs the tests of `extra/<scenario>/` and adds what they come to.
   * @param of in front of their names, where one scenario runs them more than once: `from 1.0.0+1.25`
   * @throws what the watch found, or the build's interrupt
   */
  test(app: App, expect: ScenarioExpectations, of?: string): Promise<void>;
  /**
   * Runs a step of the recipe's hooks.ts on an app and adds what it came to.
   * @returns that; null where the recipe has no such step
   * @throws what the watch found, or the build's interrupt
   */
  hook(app: App, step: HookStep): Promise<TierResult | null>;
  /** Adds a line on what was measured; it decides nothing. */
  note(line: string): void;
  /** Adds what could not be brought to its tests: `failed` is the recipe's fault, `skipped` leaves the suite unverified. */
  say(what: string, status: "failed" | "skipped", why: string): void;
}

/**
 * One scenario of the extra suite: the build changes something, the tests in `extra/<name>/` say whether the app bears it. A break of
 * `stage.app` ends the build with what the watch says; one of an app that the scenario made itself is the scenario's to tell.
 */
export interface Scenario {
  /** As the results show it, and its folder in `extra/`. */
  readonly name: ScenarioExpectations["scenario"];
  /** What the recipe or the Swarm lacks for it, by its structure; null where it can be tried. */
  whyNot(stage: Pick<Stage, "site" | "plan" | "app" | "backedUp" | "swarm">): string | null;
  run(stage: Stage): Promise<void>;
}
