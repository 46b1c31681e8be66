import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Args } from "./args.ts";
import { composeFiles } from "./compose.ts";
import { wishOf } from "./command.ts";
import { withVersion } from "./env.ts";
import { Fatal, log } from "./log.ts";
import { composeEnv, findApp, listServers, serversDir } from "./place.ts";
import { ask } from "./prompt.ts";
import { reportSecrets } from "./app-secret.ts";
import { appSecrets } from "./secrets.ts";
import { resolve } from "./version.ts";

/**
 * `app new`: moves the recipe's tree to a release (unless chaos), copies .env.sample to the server's folder with the domain
 * and the version filled in, and makes secrets where asked to.
 */
export async function appNew(args: Args): Promise<void> {
  const [recipe = "", asked] = args.positionals;
  const { server, domain } = target(args);
  const file = join(serversDir(), server, `${domain}.env`);
  if (existsSync(file)) throw new Fatal(`${file} already exists`);
  const resolved = resolve(recipe, null, { ...wishOf(args), ...(asked === undefined ? {} : { asked }) });
  const sample = join(resolved.tree.dir, ".env.sample");
  if (!existsSync(sample)) throw new Fatal(`unable to validate recipe: .env.sample of ${recipe} does not exist`);
  mkdirSync(dirname(file), { recursive: true });
  const text = readFileSync(sample, "utf8").replace(/^(\s*DOMAIN=).*$/m, (_, head) => `${head}${domain}`);
  if (!/^\s*(?:TYPE|RECIPE)=/m.test(text)) throw new Fatal(`${sample}: TYPE is not set`);
  const app = writeChecked(file, withVersion(text, resolved.version), domain, resolved.tree.dir);
  log.info(`${domain} created on ${server} from ${recipe} ${resolved.version}`);
  if (!args.on("secrets")) return;
  await reportSecrets(appSecrets(app, composeFiles(resolved.tree.dir, composeEnv(app)), composeEnv(app)), args.on("machine"));
}

/** The compose files are validated with the new env; an app that they refuse is left as it is. */
function writeChecked(file: string, text: string, domain: string, dir: string) {
  writeFileSync(file, text);
  const app = findApp(domain);
  composeFiles(dir, composeEnv(app));
  return app;
}

function target(args: Args): { server: string; domain: string } {
  const silent = args.on("no-input");
  const server = args.values.get("server") ?? (silent ? "" : ask("server: "));
  if (server === "") throw new Fatal("no server provided");
  if (!listServers().includes(server)) throw new Fatal(`server ${server} does not exist, see abra server add`);
  const domain = args.values.get("domain") ?? (silent ? "" : ask("domain: "));
  if (domain === "") throw new Fatal("no domain provided");
  return { server, domain };
}
