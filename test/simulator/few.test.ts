import { expect, test } from "vitest";
import { run } from "./run.ts";

/** Few enough for mutation testing, which runs them again for each mutant that survived all else. */
test.each([[1, 8], [9, 16], [17, 24]])("worlds %i to %i", (from, to) => {
  for (let seed = from; seed <= to; seed++) expect([seed, run(seed).mark]).toEqual([seed, "right"]);
});
