import type { Expectations } from "./context.ts";
import type { ScenarioExpectations } from "./scenarios.ts";

/**
 * What this tier is told to expect.
 * @throws Error where the file runs in another tier than the one it is for
 */
export function expectationsFor<T extends Expectations["tier"]>(expect: Expectations, tier: T): Extract<Expectations, { tier: T }> {
  if (expect.tier !== tier) throw new Error(`this test belongs to the ${tier} tier and was run in ${expect.tier}`);
  return expect as Extract<Expectations, { tier: T }>;
}

/**
 * What this scenario of the extra suite is told to expect.
 * @throws Error where the file runs in another one
 */
export function scenarioExpectations<Name extends ScenarioExpectations["scenario"]>(expect: Expectations, name: Name): Extract<ScenarioExpectations, { scenario: Name }> {
  const { scenario } = expectationsFor(expect, "extra");
  if (scenario !== name) throw new Error(`this test belongs to the scenario ${name} and was run in ${scenario}`);
  return expect as Extract<ScenarioExpectations, { scenario: Name }>;
}
