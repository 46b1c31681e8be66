/**
 * The few kinds of error that the harness throws on purpose. Everything else is a bug of the harness
 * and is reported as such (infra, class harness-bug).
 */

/** Why a build did not pass: what `results.json` holds under `reason`. */
export interface Reason {
  /** Machine-readable class, e.g. `crash-loop`, `image-missing`, `image-pull`. */
  readonly class: string;
  /** The compose service that is to blame, or null where none is. */
  readonly service: string | null;
  /** One line: what happened. */
  readonly summary: string;
  /** Facts behind the summary: task ids, exit codes, errors, last log lines. */
  readonly evidence: readonly string[];
  /** One line: what to do next. */
  readonly hint: string;
}

/** Whose fault a finding is. `usage` never becomes a verdict: the build does not start. */
export type Blame = "recipe" | "infra" | "harness-limit" | "unverified" | "base-broken";

/** Bad input: one clear line that names the file or value and the remedy. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly where: string;
  readonly what: string;
  readonly remedy: string;

  /**
   * @param where the file, flag or value that is wrong
   * @param what what is wrong with it
   * @param remedy what to do
   */
  constructor(where: string, what: string, remedy: string, options?: ErrorOptions) {
    super(`${where}: ${what}; ${remedy}`, options);
    this.where = where;
    this.what = what;
    this.remedy = remedy;
  }
}

/** Something the build found out that ends it (or one tier of it), with whose fault it is. */
export class FindingError extends Error {
  override readonly name = "FindingError";
  readonly blame: Blame;
  readonly reason: Reason;

  constructor(blame: Blame, reason: Reason, options?: ErrorOptions) {
    super(reason.summary, options);
    this.blame = blame;
    this.reason = reason;
  }
}

/** Short form for what is nobody's fault in the recipe: registry, disk, daemon, network, forge. */
export function infra(
  cls: string,
  summary: string,
  hint: string,
  evidence: readonly string[] = [],
  cause?: unknown,
): FindingError {
  return new FindingError("infra", { class: cls, service: null, summary, evidence, hint }, { cause });
}

/** The message of anything that was thrown, for a line of output. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
