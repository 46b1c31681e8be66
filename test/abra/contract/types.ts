import type { World } from "./world.ts";

/**
 * One thing that the harness, or its stand-in, takes for true about abra.
 * A: read in a first-hand source. B: seen by another harness on a real abra. R: general knowledge. I: inferred.
 */
export interface Assumption {
  readonly id: string;
  readonly grade: "A" | "B" | "R" | "I";
  readonly text: string;
  /** Throws where the binary under test does otherwise. */
  readonly check: (world: World) => Promise<void>;
}

export function assume(id: string, grade: Assumption["grade"], text: string, check: Assumption["check"]): Assumption {
  return { id, grade, text, check };
}
