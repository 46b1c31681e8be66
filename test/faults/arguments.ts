import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { allOthers, allPoints, called, type Case, soak, somePoints } from "./cases.ts";

/** What the program was asked for. */
export interface Asked {
  readonly install: boolean;
  readonly seed: number;
  readonly atOnce: number;
  readonly out: string;
  readonly cases: readonly Case[];
}

export const usage = "node test/faults/run.ts [--install] [--seed S] [--points N] [--no-others] [--soak N] [--at-once M] [--only NAME] [--out DIR]";

/**
 * Arguments to builds. Without any: every point with every signal, every other fault, and a soak of 200.
 * @param from where a relative DIR is looked for
 * @param anySeed the seed where none is given
 * @throws Error in one line: which argument, and what it may be
 */
export function readArguments(argv: readonly string[], { from, defaultOut, anySeed }: { from: string; defaultOut: string; anySeed: number }): Asked {
  const { values } = parseArgs({
    args: [...argv],
    allowNegative: true,
    options: {
      install: { type: "boolean", default: false },
      seed: { type: "string" },
      points: { type: "string" },
      others: { type: "boolean", default: true },
      soak: { type: "string" },
      "at-once": { type: "string" },
      only: { type: "string" },
      out: { type: "string" },
    },
  });
  const seed = whole("--seed", values.seed) ?? anySeed;
  const atOnce = whole("--at-once", values["at-once"]) ?? 4;
  if (atOnce < 1) throw new Error("--at-once 0: give 1 or more");
  const [points, soaked] = [whole("--points", values.points), whole("--soak", values.soak) ?? 200];
  const all = [...(points === null ? allPoints() : somePoints(seed, points)), ...(values.others ? allOthers() : []), ...soak(seed, soaked)];
  const cases = values.only === undefined ? all : called(values.only, seed);
  if (cases.length === 0) throw new Error(values.only === undefined ? "nothing is asked for: give more than 0 points or soaked builds" : `--only ${JSON.stringify(values.only)}: no fault is called so; a name or its beginning, as the table's lines have it, or "soak 7"`);
  return { install: values.install, seed, atOnce, out: values.out === undefined ? defaultOut : resolve(from, values.out), cases };
}

/** Null where it is not given. @throws Error */
function whole(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${flag} ${JSON.stringify(text)}: give a whole number`);
  return Number(text);
}
