import { expect } from "vitest";
import type { Answer } from "./answers.ts";
import type { Outcome } from "./replay.ts";

/**
 * Holds an outcome against the right answer.
 * @param slack seconds that it may be known later, where what arrives was made worse
 */
export function check({ right, by, notBefore = 0, again }: Answer, { red, convergedAt, forGoodAt, last }: Outcome, slack = 0): void {
  if (right[0] !== "converged") {
    const [kind, cls, service] = right;
    expect(red?.judged ?? last, "the verdict").toMatchObject({ kind, reason: { class: cls, service } });
    expectWithin(red?.at ?? null, notBefore, by + slack, "known");
    return;
  }
  expect(red && { since: red.at, ...red.judged }, "a green is never red").toBeNull();
  expectWithin(convergedAt, notBefore, by + slack, "converged");
  expect(last.kind, "at the end").toMatch(/^(settled|converged)$/);
  expect("warnings" in last && last.warnings.length > 0, "carries a warning").toBe(right[1] === "warned");
  if (again) expectWithin(forGoodAt, again.notBefore ?? 0, again.by + slack, "converged for good");
}

function expectWithin(at: number | null, notBefore: number, by: number, what: string): void {
  expect(at, `${what}, seconds since the change`).not.toBeNull();
  expect(at, `${what}, seconds since the change`).toBeGreaterThanOrEqual(notBefore);
  expect(at, `${what}, seconds since the change`).toBeLessThanOrEqual(by);
}
