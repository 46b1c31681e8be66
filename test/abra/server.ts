import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Args } from "./args.ts";
import { type Command, machine } from "./command.ts";
import { Fatal, log, print, table } from "./log.ts";
import { listServers, serversDir } from "./place.ts";

/** The local machine is always called `default`. */
const local = "default";

function addServer(args: Args): void {
  const [name] = args.positionals;
  if (args.on("local") === (name !== undefined)) throw new Fatal("either [server] or --local has to be given");
  if (name !== undefined) throw new Fatal(`ssh: could not connect to ${name}`);
  if (listServers().includes(local)) throw new Fatal(`server ${local} already exists`);
  mkdirSync(join(serversDir(), local), { recursive: true });
  log.info(`${local} added`);
}

function serverList(args: Args): void {
  const rows = listServers().map((name) => ({ name, host: name === local ? "local" : name }));
  if (args.on("machine")) print(JSON.stringify(rows));
  else print(table(["name", "host"], rows.map((row) => [row.name, row.host])));
}

export const serverCommands: readonly Command[] = [
  { names: ["add"], usage: "[[server] | --local]", arity: [0, 1], flags: [{ long: "local", short: "l" }], run: addServer },
  { names: ["list", "ls"], usage: "", arity: [0, 0], flags: [machine], run: serverList },
];
