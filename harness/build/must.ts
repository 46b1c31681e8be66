import { lastLines, type Outcome, saidBy } from "../abra/outcome.ts";
import { FindingError, infra } from "../base/errors.ts";
import { bounded } from "../swarm/bounded.ts";
import type { Swarm } from "../swarm/types.ts";
import type { Tree } from "./appState.ts";

/** An engine that is not gone answers within this time, milliseconds. */
const pingMs = 10_000;

/**
 * What abra refuses is the recipe's fault, unless it never ended or the daemon behind it is gone.
 * @throws FindingError (recipe, abra-refused) with abra's own words; infra
 */
export async function must(swarm: Swarm, tree: Tree, call: string, outcome: Outcome): Promise<void> {
  if (outcome.ok) return;
  if (outcome.timedOut) throw infra("abra-hung", `abra ${call} did not end in time`, "run it again; if it stays, try the same command by hand", lastLines(outcome));
  await bounded("docker ping", swarm.docker.ping(), pingMs).catch((error: unknown) => {
    throw infra("daemon-lost", `the engine does not answer any more, and abra ${call} says: ${saidBy(outcome)}`, "run it again", lastLines(outcome), error);
  });
  throw new FindingError("recipe", {
    class: "abra-refused",
    service: null,
    summary: `abra ${call} refuses commit ${tree.commit.slice(0, 8)}: ${saidBy(outcome)}`,
    evidence: lastLines(outcome),
    hint: `try it by hand on commit ${tree.commit.slice(0, 8)}: abra ${call}`,
  });
}
