import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { isBounded, isConfined, isProposed, type Trust, trustLevels } from "../recipe/trust/levels.ts";

/** What of the command line and the environment tells how far a recipe is believed. */
interface Version {
  readonly pr: number | null;
  readonly ref: string | null;
  /** The pipeline runs for a pull request, also where a flag names another ref. */
  readonly isPull: boolean;
}

/**
 * `--trust`, as far as it can be judged without the recipe.
 * @returns null where nobody said anything, and nothing says that it is a pull request's
 * @throws UsageError for an unknown level, and for what does not go together with one
 */
export function trustFor({ trust: given, swarm }: { readonly trust?: string; readonly swarm?: string }, { pr, ref, isPull }: Version): Trust | null {
  const trust = given === undefined ? (isPull ? "none" : null) : level(given);
  if (trust === "tests" && isPull && !isProposed({ pr, ref })) {
    throw new UsageError("--trust tests", "the pipeline runs for a pull request, and nothing says whether this ref is of it: its tests would be run with the rights of the build", "name it with --pr in place of --ref, or give --trust data");
  }
  if (swarm === "local" && isConfined({ trust, pr, ref })) {
    throw new UsageError("--swarm local", "contradicts --trust tests of a pull request: its tests run in a container on a node that is thrown away", "leave --swarm out, or give --trust data");
  }
  if (swarm === "local" && isBounded({ trust, pr, ref })) {
    throw new UsageError("--swarm local", `contradicts ${given === undefined ? "a pull request that nobody vouches for" : "--trust none"}: what is not believed runs on a Swarm of its own`, "leave --swarm out, or let a maintainer look at it and give --trust data");
  }
  return trust;
}

function level(given: string): Trust {
  const found = trustLevels.find((one) => one === given);
  if (found !== undefined) return found;
  const near = nearest(given, trustLevels);
  throw new UsageError("--trust", `unknown level "${given}"${near === null ? "" : `, did you mean "${near}"?`}`, `give one of ${trustLevels.join(", ")}`);
}
