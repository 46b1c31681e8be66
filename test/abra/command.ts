import type { Args, Flag } from "./args.ts";

/** One leaf of the command tree. */
export interface Command {
  /** Names by which the leaf is known under its group; the first is the full one. */
  readonly names: readonly string[];
  readonly usage: string;
  /** Fewest and most positionals. */
  readonly arity: readonly [number, number];
  readonly flags: readonly Flag[];
  readonly run: (args: Args) => Promise<void> | void;
}

/** Flags that every command takes. */
export const globalFlags: readonly Flag[] = [
  { long: "no-input", short: "n" },
  { long: "debug", short: "d" },
  { long: "offline", short: "o" },
  { long: "help", short: "h" },
];

export const chaos: Flag = { long: "chaos", short: "C" };
export const machine: Flag = { long: "machine", short: "m" };
export const force: Flag = { long: "force", short: "f" };
export const all: Flag = { long: "all", short: "a" };
export const ignoreEnv: Flag = { long: "ignore-env-version", short: "i" };

export function wishOf(args: Args): { chaos: boolean; offline: boolean; ignoreEnv: boolean } {
  return { chaos: args.on("chaos"), offline: args.on("offline"), ignoreEnv: args.on("ignore-env-version") };
}
