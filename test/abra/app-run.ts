import type { Args } from "./args.ts";
import { wishOf } from "./command.ts";
import type { Env } from "./env.ts";
import { Fatal, log } from "./log.ts";
import { composeEnv, findApp } from "./place.ts";
import { attach, docker, needTerminal } from "./run.ts";
import { containerOf, runLocal, runRemote } from "./remote.ts";
import { ensure } from "./version.ts";

/** `app run <domain> <service> -- <command>`: one command in a running container. */
export async function appRun(args: Args): Promise<void> {
  const [domain = "", service = "", ...early] = args.positionals;
  const words = [...early, ...(args.rest ?? [])];
  if (words.length === 0) throw new Fatal("no command provided");
  const app = findApp(domain);
  const terminal = !args.on("no-tty");
  if (terminal) needTerminal();
  const user = args.values.get("user");
  const flags = [...(terminal ? ["-it"] : ["-i"]), ...(user === undefined ? [] : ["-u", user])];
  end(await attach(docker("exec", ...flags, await containerOf(app, service), ...words)));
}

/** `app cmd <domain> <service> <function> [-- args]`, or with --local `app cmd <domain> <function>`. */
export async function appCmd(args: Args): Promise<void> {
  const [domain = "", ...words] = args.positionals;
  const app = findApp(domain);
  const { tree } = ensure(app, wishOf(args));
  const env: Env = composeEnv(app);
  const local = args.on("local");
  const service = local ? "" : (words.shift() ?? "");
  const name = words.shift();
  if (name === undefined) throw new Fatal(local ? "no function provided" : "either <service> <function> or --local has to be given");
  const rest = [...words, ...(args.rest ?? [])];
  log.debug(`${name} from ${tree.dir}/abra.sh`);
  end(local
    ? await runLocal(app, tree.dir, env, name, rest)
    : await runRemote({ app, dir: tree.dir, env, service, name, words: rest, terminal: !args.on("tty") }));
}

/** The only failing exit code of abra is 1, whatever the command inside said. */
function end(code: number): void {
  if (code !== 0) throw new Fatal(`exit status ${code}`);
}
