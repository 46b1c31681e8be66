import type { Arbitrary } from "fast-check";
import { FindingError, UsageError } from "../../harness/base/errors.ts";

/** Something that reads what others wrote, and what must hold for whatever they wrote. */
export interface Parser {
  readonly name: string;
  /** Fast-check's inputs and the check of one, as a pair that belongs together. */
  readonly cases: Cases;
  /** Inputs of a shape that slow programs choke on, so long as they can be in life; each is read within a second. */
  readonly long: Readonly<Record<string, () => void>>;
}

export interface Cases {
  readonly inputs: Arbitrary<unknown>;
  /** @throws where a property does not hold */
  readonly check: (input: never) => void;
}

/** @param check reads one input; throws where what came of it is wrong */
export function cases<T>(inputs: Arbitrary<T>, check: (input: T) => void): Cases {
  return { inputs, check };
}

/**
 * What a reading came to: the value, or null where the input was refused in one of the ways that are meant for people.
 * @throws whatever else it was refused with: a crash
 */
export function orRefused<T>(read: () => T, isRefusal: (error: unknown) => boolean = forPeople): T | null {
  try {
    return read();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return null;
  }
}

/** A refusal that says where, what, and what to do. */
export function forPeople(error: unknown): boolean {
  if (error instanceof UsageError) return error.where !== "" && error.what !== "" && error.remedy !== "";
  return error instanceof FindingError && error.reason.class !== "" && error.reason.summary !== "" && error.reason.hint !== "";
}

/** The same text again and again: `times` for its length in characters. */
export const much = (text: string, length = 100_000): string => text.repeat(Math.ceil(length / text.length));
