/** How one suite went, as the reporter wrote it down. Plain data. */
export interface SuiteCounts {
  readonly passed: number;
  readonly failed: number;
  /** Full names of tests that did not run: skipped, todo, or cut off. */
  readonly skipped: readonly string[];
  /** Files that could not be loaded, suites whose hooks broke, errors outside of any test. */
  readonly errors: readonly string[];
  /** Whether vitest ran to its end by itself. */
  readonly complete: boolean;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Why something counts as failed that vitest does not call so; one line each. */
  readonly notes: readonly string[];
}

/**
 * One suite's contribution to the closing line. What proves nothing is a failure: no test at all, a test that was
 * skipped and is not listed, a run that broke off, an exit code that nothing else explains.
 * @param counts null where the suite ended before its reporter could write
 * @param allowedSkips full test name to reason
 */
export function tally(
  suite: string,
  counts: SuiteCounts | null,
  exitCode: number,
  allowedSkips: Readonly<Record<string, string>>,
): Tally {
  if (!counts) return { passed: 0, failed: 1, notes: [`${suite}: ended with exit code ${exitCode} before it had a result`] };
  const notes = counts.errors.map((error) => `${suite}: ${error}`);
  for (const name of counts.skipped) {
    if (allowedSkips[name] === undefined) notes.push(`${suite}: skipped without a listed reason: ${name}`);
  }
  if (counts.passed + counts.failed + counts.skipped.length === 0) notes.push(`${suite}: no tests were found`);
  if (!counts.complete) notes.push(`${suite}: was broken off`);
  if (exitCode !== 0 && counts.failed + notes.length === 0) notes.push(`${suite}: exit code ${exitCode} for no reason that it gave`);
  return { passed: counts.passed, failed: counts.failed + notes.length, notes };
}

/** The one line that every run of tests closes with. */
export function closingLine(tallies: readonly Pick<Tally, "passed" | "failed">[]): string {
  const sum = (of: "passed" | "failed") => tallies.reduce((total, one) => total + one[of], 0);
  return `${sum("passed")} passed, ${sum("failed")} failed`;
}
