import type { BuildEvent } from "../../harness/build/events.ts";
import { messageOf } from "../../harness/base/errors.ts";
import { resultsSchema } from "../../reports/results.ts";
import type { Armed } from "./act/armed.ts";
import type { Case } from "./cases.ts";
import type { Found } from "./outcome.ts";

/** Where builds take place, and what can be seen of them from outside. */
export interface Ground {
  /** Makes the fault of a case ready. @param out the name of the folder for the results */
  arm(one: Case, out: string): Promise<Armed>;
  /** Starts a build with its results in the folder `out`, and tells every event of its stream. */
  start(one: Pick<Case, "fixture" | "flags">, armed: Pick<Armed, "flags" | "env">, out: string, onEvent: (event: BuildEvent) => void): Promise<Running>;
  /** What stands in the folder `out`. */
  results(out: string): Promise<Found>;
  /** Everything that builds made here and that is still there, each in words. */
  left(): Promise<string[]>;
  /** `recipe-ci sweep`. @returns what it said */
  sweep(): Promise<string>;
  /** The folder `out` with all that is in it, kept for whoever looks for what went wrong. */
  keep(out: string, to: string): Promise<void>;
}

export interface Running {
  kill(signal: NodeJS.Signals): Promise<void>;
  readonly ended: Promise<{ readonly code: number | NodeJS.Signals | null; readonly output: string }>;
}

/** @param text null where there is no such file */
export function found(text: string | null): Found {
  if (text === null) return { is: "none" };
  try {
    return { is: "valid", value: resultsSchema.parse(JSON.parse(text)) };
  } catch (error) {
    return { is: "invalid", why: messageOf(error).replaceAll(/\s+/g, " ").slice(0, 300) };
  }
}

/** A line of the stream; null where it is none, as what a killed process did not end. */
export function eventOf(line: string): BuildEvent | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as BuildEvent;
  } catch {
    return null;
  }
}
