import { type Arbitrary, array, constantFrom, oneof, string } from "fast-check";

/** Names that every object has already, one way or another. */
export const tricks = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"] as const;

/** A name: plain, odd, or one that objects have already. */
export const names: Arbitrary<string> = oneof(constantFrom(...tricks), constantFrom("app", "db", "DOMAIN", "STACK_NAME", "a", "A_1"), string({ maxLength: 12 }), string({ unit: "binary", maxLength: 4 }));

/** Text of pieces that mean something to a reader, and of some that don't. */
export function pieced(pieces: readonly string[], maxLength = 40): Arbitrary<string> {
  const piece = oneof({ weight: 6, arbitrary: constantFrom(...pieces) }, { weight: 1, arbitrary: constantFrom(...tricks) }, { weight: 1, arbitrary: string({ maxLength: 6 }) }, { weight: 1, arbitrary: string({ unit: "binary", maxLength: 3 }) });
  return array(piece, { maxLength }).map((parts) => parts.join(""));
}
