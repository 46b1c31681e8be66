/**
 * Backups are the backup bot's work: abra finds its container by a label and runs the bot's command there, with what it wants
 * in the environment. [R] all of it but that a bot is needed, and a terminal for create and restore.
 */
import { type Args, type Flag } from "./args.ts";
import { chaos, type Command, wishOf } from "./command.ts";
import { servicesWith, tasks } from "./engine.ts";
import { Fatal } from "./log.ts";
import { findApp } from "./place.ts";
import { attach, docker, needTerminal } from "./run.ts";
import { ensure } from "./version.ts";

const botLabel = "coop-cloud.backupbot.enabled=true";

interface BotCall {
  /** The bot's own command. */
  readonly word: string;
  readonly terminal: boolean;
  /** Flags and the variable that hands each to the bot. */
  readonly flags: readonly (Flag & { readonly variable: string })[];
}

const snapshot = { long: "snapshot", short: "s", value: true, variable: "SNAPSHOT" } as const;

async function callBot(args: Args, { word, terminal, flags }: BotCall): Promise<void> {
  if (terminal) needTerminal();
  const app = findApp(args.positionals[0] ?? "");
  ensure(app, wishOf(args));
  const given = flags.flatMap(({ long, variable }) => (args.values.has(long) ? [`${variable}=${args.values.get(long)}`] : []));
  const env = [`SERVICE=${app.domain}`, ...given, ...(args.on("no-input") ? ["NONINTERACTIVE=true"] : [])];
  const code = await attach(docker("exec", ...(terminal ? ["-it"] : []), ...env.flatMap((one) => ["-e", one]), await botContainer(), "/usr/bin/backup", "--", word));
  if (code !== 0) throw new Fatal(`exit status ${code}`);
}

async function botContainer(): Promise<string> {
  const [bot] = await servicesWith(botLabel);
  const running = bot ? await tasks({ service: [bot.Spec.Name], "desired-state": ["running"] }) : [];
  const id = running.find((task) => task.Status.State === "running")?.Status.ContainerStatus?.ContainerID;
  if (!id) throw new Fatal("no backup bot container found, is backup-bot-two deployed?");
  return id;
}

function botCommand(name: string, call: BotCall): Command {
  return { names: [name], usage: "<domain>", arity: [1, 1], flags: [chaos, ...call.flags], run: (args) => callBot(args, call) };
}

export const restoreCommand = botCommand("restore", { word: "restore", terminal: true, flags: [snapshot] });

export const backupCommands: readonly Command[] = [
  botCommand("create", { word: "create", terminal: true, flags: [] }),
  botCommand("snapshots", { word: "snapshots", terminal: false, flags: [] }),
  botCommand("list", { word: "ls", terminal: false, flags: [snapshot] }),
];
