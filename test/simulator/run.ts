import { watchWorld, type Seen } from "./driver.ts";
import type { Scenario } from "./plan.ts";
import { generate } from "./scenario/generate.ts";
import { type Truth, truthOf } from "./truth.ts";
import type { World } from "./world.ts";

/** How what the watch said compares with what it came to. */
export type Mark = "right" | "false red" | "missed" | "misblamed";

export interface Run {
  readonly scenario: Scenario;
  readonly truth: Truth;
  readonly seen: Seen;
  readonly mark: Mark;
  /** Class of the verdict; `green`; or `at the deadline`, where only the deadline ends it. */
  readonly outcome: string;
}

/** One seed: a world, the watch beside it, and the truth afterwards. */
export function run(seed: number): Run {
  const scenario = generate(seed);
  const { world, seen } = watchWorld(scenario);
  const truth = truthOf(world, scenario.end);
  const outcome = seen.verdict ? seen.verdict.cls : seen.standing?.kind === "converged" ? "green" : "at the deadline";
  return { scenario, truth, seen, mark: markOf(truth, seen, outcome, world), outcome };
}

function markOf(truth: Truth, { verdict, standing }: Seen, outcome: string, world: World): Mark {
  if (truth.byChance && seenPaused(verdict)) return "right";
  if (truth.well) return outcome === "green" ? "right" : "false red";
  if (outcome === "green") return "missed";
  const blamed = verdict ? verdict.service : (standing?.service ?? null);
  if (verdict === null && standing?.blame === "harness-limit") return "missed";
  return blamed !== null && (truth.bad.includes(blamed) || isRootOf(blamed, truth, world)) ? "right" : "misblamed";
}

const seenPaused = (verdict: Seen["verdict"]): boolean => verdict?.cls === "paused";

/** It failed too, and what is bad in the end waits for it: to name it first is no wrong, even if it is well again. */
function isRootOf(name: string, { bad }: Truth, { services, failedAt }: World): boolean {
  return failedAt.has(name) && bad.some((one) => services.get(one)?.plan.declaredNeeds.includes(name));
}
