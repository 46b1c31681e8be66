import { type Command, chaos, force, ignoreEnv, machine } from "./command.ts";
import type { Flag } from "./args.ts";
import { restoreCommand } from "./app-backup.ts";
import { appNew } from "./app-new.ts";
import { appRemove, appUndeploy, volumeList, volumeRemove } from "./app-remove.ts";
import { appCmd, appRun } from "./app-run.ts";
import { appList, appPs } from "./app-show.ts";
import { type Kind, deploy } from "./deploy.ts";

const changing: readonly Flag[] = [force, { long: "no-converge-checks", short: "c" }, { long: "no-domain-checks" }];

function changes(kind: Kind, flags: readonly Flag[]): Command {
  return { names: [kind], usage: "<domain> [version]", arity: [1, 2], flags: [...changing, ...flags], run: (args) => deploy(kind, args) };
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
  restoreCommand,
];

export const volumeCommands: readonly Command[] = [
  { names: ["list", "ls"], usage: "<domain>", arity: [1, 1], flags: [machine], run: volumeList },
  { names: ["remove", "rm"], usage: "<domain> [volume]", arity: [1, 2], flags: [force], run: volumeRemove },
];
