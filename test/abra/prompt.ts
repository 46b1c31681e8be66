import { readSync } from "node:fs";
import { Fatal } from "./log.ts";
import { needTerminal } from "./run.ts";

/** Asks on the terminal. @throws Fatal without one, or for any answer but yes */
export function confirm(question: string): void {
  if (!/^y(es)?$/i.test(ask(`${question} [y/N] `))) throw new Fatal("cancelled");
}

/** One line from the terminal. @throws Fatal without one */
export function ask(question: string): string {
  needTerminal();
  process.stdout.write(question);
  const buffer = Buffer.alloc(4096);
  return buffer.subarray(0, readSync(0, buffer)).toString().trim();
}
