import { type Command, chaos, force, ignoreEnv, machine } from "./command.ts";
import type { Flag } from "./args.ts";
import { appNew } from "./app-new.ts";
import { appRemove, appUndeploy, volumeList, volumeRemove } from "./app-remove.ts";
import { appCmd, appRun } from "./app-run.ts";
import { appList, appPs } from "./app-show.ts";
import { type Kind, deploy } from "./deploy.ts";
import { Fatal } from "./log.ts";
import { findApp } from "./place.ts";
import { needTerminal } from "./run.ts";

const changing: readonly Flag[] = [force, { long: "no-converge-checks", short: "c" }, { long: "no-domain-checks" }];

function changes(kind: Kind, flags: readonly Flag[]): Command {
  return { names: [kind], usage: "<domain> [version]", arity: [1, 2], flags: [...changing, ...flags], run: (args) => deploy(kind, args) };
}

/** Backups are the backup bot's work, and there is none here; a terminal is asked for first, as abra does. */
function needBot(domain: string): never {
  findApp(domain);
  throw new Fatal("no backup bot container found, is backup-bot-two deployed?");
}

function withBot(name: string, terminal: boolean): Command {
  return {
    names: [name],
    usage: "<domain>",
    arity: [1, 2],
    flags: [],
    run: (args) => {
      if (terminal) needTerminal();
      needBot(args.positionals[0] ?? "");
    },
  };
}

export const appCommands: readonly Command[] = [
  {
    names: ["new"],
    usage: "<recipe> [version]",
    arity: [1, 2],
    flags: [{ long: "server", short: "s", value: true }, { long: "domain", short: "D", value: true }, { long: "secrets", short: "S" }, chaos],
    run: appNew,
  },
  changes("deploy", [chaos, ignoreEnv]),
  changes("upgrade", []),
  changes("rollback", []),
  { names: ["undeploy"], usage: "<domain>", arity: [1, 1], flags: [], run: appUndeploy },
  { names: ["ps"], usage: "<domain>", arity: [1, 1], flags: [machine], run: appPs },
  {
    names: ["list", "ls"],
    usage: "",
    arity: [0, 0],
    flags: [machine, { long: "status", short: "S" }, { long: "server", short: "s", value: true }],
    run: appList,
  },
  { names: ["remove", "rm"], usage: "<domain>", arity: [1, 1], flags: [force], run: appRemove },
  {
    names: ["run"],
    usage: "<domain> <service> -- <command>",
    arity: [2, Infinity],
    flags: [{ long: "no-tty", short: "t" }, { long: "user", short: "u", value: true }],
    run: appRun,
  },
  {
    names: ["cmd"],
    usage: "<domain> [service] <function> [-- args]",
    arity: [2, Infinity],
    flags: [{ long: "local", short: "l" }, { long: "tty", short: "T" }, chaos],
    run: appCmd,
  },
  withBot("restore", true),
];

export const volumeCommands: readonly Command[] = [
  { names: ["list", "ls"], usage: "<domain>", arity: [1, 1], flags: [machine], run: volumeList },
  { names: ["remove", "rm"], usage: "<domain> [volume]", arity: [1, 2], flags: [force], run: volumeRemove },
];

export const backupCommands: readonly Command[] = [
  withBot("create", true),
  withBot("list", false),
  withBot("snapshots", false),
  withBot("download", false),
];
