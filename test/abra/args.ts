import { Fatal } from "./log.ts";

/** One flag: its long name, its letter, and whether it takes a value. */
export interface Flag {
  readonly long: string;
  readonly short?: string;
  readonly value?: true;
}

export interface Args {
  readonly positionals: readonly string[];
  /** What stood after `--`, or null where there was none. */
  readonly rest: readonly string[] | null;
  readonly values: ReadonlyMap<string, string>;
  on(flag: string): boolean;
}

/**
 * Reads flags as abra's flag library (pflag) does: before, between and after positionals, `--flag=value`, `-Dvalue`,
 * letters in a bundle. What is not declared is an error, never ignored.
 * @throws Fatal for an unknown flag, a missing value or a value that is not a truth value
 */
export function parseArgs(argv: readonly string[], flags: readonly Flag[]): Args {
  const values = new Map<string, string>();
  const positionals: string[] = [];
  let rest: string[] | null = null;
  const queue = [...argv];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === "--") {
      rest = queue.splice(0);
    } else if (word.startsWith("--")) {
      long(word, flags, queue, values);
    } else if (word.startsWith("-") && word.length > 1) {
      shorts(word, flags, queue, values);
    } else {
      positionals.push(word);
    }
  }
  return { positionals, rest, values, on: (flag) => values.get(flag) === "true" };
}

function long(word: string, flags: readonly Flag[], queue: string[], values: Map<string, string>): void {
  const at = word.indexOf("=");
  const name = word.slice(2, at < 0 ? undefined : at);
  const flag = flags.find((f) => f.long === name);
  if (!flag) throw new Fatal(`unknown flag: --${name}`);
  if (at >= 0) {
    values.set(flag.long, flag.value ? word.slice(at + 1) : truth(flag, word.slice(at + 1)));
    return;
  }
  values.set(flag.long, flag.value ? next(queue, `--${name}`) : "true");
}

function shorts(word: string, flags: readonly Flag[], queue: string[], values: Map<string, string>): void {
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] ?? "";
    const flag = flags.find((f) => f.short === letter);
    if (!flag) throw new Fatal(`unknown shorthand flag: '${letter}' in ${word}`);
    if (flag.value) {
      const glued = word.slice(i + 1).replace(/^=/, "");
      values.set(flag.long, glued !== "" ? glued : next(queue, `'${letter}' in ${word}`));
      return;
    }
    values.set(flag.long, "true");
  }
}

function next(queue: string[], flag: string): string {
  const value = queue.shift();
  if (value === undefined) throw new Fatal(`flag needs an argument: ${flag}`);
  return value;
}

function truth(flag: Flag, value: string): string {
  if (["1", "t", "true"].includes(value.toLowerCase())) return "true";
  if (["0", "f", "false"].includes(value.toLowerCase())) return "false";
  throw new Fatal(`invalid argument "${value}" for "--${flag.long}" flag: not a truth value`);
}
