/**
 * A stand-in for `abra` 0.13.0-beta, for machines that cannot have the real one. It keeps the documented contract over
 * `docker stack deploy`: what facts grade A or B strictly; where they are silent, the stricter reading, marked [R].
 * It is run as a process (`./abra`), never imported; contract.test.ts states what it and a real abra have in common.
 * Not for use by people: no ssh servers, no catalogue.
 */
import { appCommands, volumeCommands } from "./app.ts";
import { backupCommands } from "./app-backup.ts";
import { secretCommands } from "./app-secret.ts";
import { parseArgs } from "./args.ts";
import { type Command, globalFlags } from "./command.ts";
import { Fatal, log, print, setDebug } from "./log.ts";
import { recipeCommands } from "./recipe.ts";
import { serverCommands } from "./server.ts";

/** Leaves by the words that lead to them. The longest match wins. */
const groups: Readonly<Record<string, readonly Command[]>> = {
  app: appCommands,
  "app secret": secretCommands,
  "app volume": volumeCommands,
  "app backup": backupCommands,
  recipe: recipeCommands,
  server: serverCommands,
};

const versionLine = "abra version 0.13.0-beta-06a57de";

/** Global flags may stand before the command's words as well as after them. */
function findCommand(argv: readonly string[]): { command: Command; path: string; rest: string[] } | null {
  const first = argv.findIndex((word) => !word.startsWith("-"));
  if (first < 0) return null;
  const flags = argv.slice(0, first);
  let words = argv.slice(first);
  let group = "";
  while (words[0] !== undefined && `${group} ${words[0]}`.trim() in groups) {
    group = `${group} ${words[0]}`.trim();
    words = words.slice(1);
  }
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h") return null;
  const command = group === "" ? undefined : groups[group]?.find(({ names }) => names.includes(name));
  if (!command) throw new Fatal(`unknown command "${name}" for "${`abra ${group}`.trim()}"`);
  return { command, path: `abra ${group} ${command.names[0]}`, rest: [...flags, ...rest] };
}

function overview(): string {
  return Object.entries(groups).flatMap(([group, commands]) => commands.map(({ names, usage }) => `  abra ${group} ${names[0]} ${usage}`)).join("\n");
}

function help(command: Command, path: string): string {
  const flags = [...command.flags, ...globalFlags].map(({ long, short, value }) => `  ${short ? `-${short}, ` : "    "}--${long}${value ? " string" : ""}`);
  return [`Usage:\n  ${path} ${command.usage} [flags]`, `Aliases:\n  ${command.names.join(", ")}`, `Flags:\n${flags.join("\n")}`].join("\n\n");
}

async function main(argv: readonly string[]): Promise<void> {
  const found = findCommand(argv);
  if (!found) {
    const args = parseArgs(argv.filter((word) => word.startsWith("-")), [...globalFlags, { long: "version", short: "v" }]);
    print(args.on("version") ? versionLine : `Usage:\n${overview()}`);
    return;
  }
  const { command, path, rest } = found;
  const args = parseArgs(rest, [...globalFlags, ...command.flags]);
  if (args.on("help")) return print(help(command, path));
  setDebug(args.on("debug"));
  const [fewest, most] = command.arity;
  const given = args.positionals.length;
  if (given < fewest || given > most) throw new Fatal(`accepts ${fewest === most ? fewest : `between ${fewest} and ${most}`} arg(s), received ${given}`);
  await command.run(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  log.fatal(error instanceof Fatal ? error.message : `stand-in: ${(error as Error).stack}`);
  process.exitCode = 1;
}
