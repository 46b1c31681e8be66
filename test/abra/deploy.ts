import { lookup } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ComposeFile, composeFiles } from "./compose.ts";
import type { Args } from "./args.ts";
import { waitConverged } from "./converge.ts";
import { needSwarm, services } from "./engine.ts";
import { type Env, parseEnv } from "./env.ts";
import { Fatal, log } from "./log.ts";
import { identityOf, override, stackDeploy, timeoutSeconds } from "./override.ts";
import { type App, composeEnv, findApp } from "./place.ts";
import { confirm } from "./prompt.ts";
import { runRemote } from "./remote.ts";
import { brokenErrors } from "./rules.ts";
import { refuseMissing } from "./secrets.ts";
import { compareTags, isVersionTag } from "./semver.ts";
import { Tree } from "./tree.ts";
import { type Resolved, type Wish, refresh, resolve, writeBack } from "./version.ts";

export type Kind = "deploy" | "upgrade" | "rollback";
const hooks: Readonly<Record<Kind, string>> = { deploy: "POST_DEPLOY_CMDS", upgrade: "POST_UPGRADE_CMDS", rollback: "POST_ROLLBACK_CMDS" };

/**
 * deploy, upgrade and rollback: they differ in which version they mean and whether the app must be up already.
 * @throws Fatal for every refusal, `deploy failed`, `deploy timed out`
 */
export async function deploy(kind: Kind, args: Args): Promise<void> {
  const [domain = "", asked] = args.positionals;
  const app = findApp(domain);
  await needSwarm();
  const running = await deployedVersion(app);
  if (kind === "deploy" && running !== null && !args.on("force")) throw new Fatal(`${domain} is already deployed`);
  if (kind !== "deploy" && running === null) throw new Fatal(`${domain} is not deployed`);

  const resolved = resolveFor(kind, app, running, args, asked);
  const env = composeEnv(app);
  const files = composeFiles(resolved.tree.dir, env);
  if (!resolved.chaos) refuseLint(resolved, files);
  warnMissingEnv(app, resolved);
  await refuseMissing(app, files, env);
  if (!args.on("no-domain-checks")) await checkDomain(env);
  log.info(`${kind} ${domain}: ${app.recipe} ${resolved.version}${resolved.chaos ? " (chaos)" : ""}`);
  if (!args.on("no-input")) confirm(`proceed with ${kind} of ${domain}?`);
  await change(kind, app, resolved, files, env, args.on("no-converge-checks"));
}

async function change(kind: Kind, app: App, resolved: Resolved, files: readonly ComposeFile[], env: Env, unwaited: boolean): Promise<void> {
  const seconds = timeoutSeconds(app, files, env);
  stackDeploy(app, files, env, override(app, resolved, files, env));
  if (!unwaited) await waitConverged(app.stack, seconds);
  // What did not converge is not written back. [R]
  writeBack(app.file, resolved.version);
  const commands = env[hooks[kind]] ?? "";
  if (commands === "") return;
  if (unwaited) log.warn(`${hooks[kind]} not run: convergence checks are off`);
  else await runHooks(app, resolved, env, commands);
}

/** `service function args|service function`; `local function` runs nowhere else than here. [R] */
async function runHooks(app: App, resolved: Resolved, env: Env, commands: string): Promise<void> {
  for (const command of commands.split("|").map((text) => text.trim()).filter(Boolean)) {
    const [service = "", name = "", ...words] = command.split(/\s+/);
    if (name === "") throw new Fatal(`${command}: neither service nor function is named`);
    log.info(`running ${name} in ${service}`);
    const code = await runRemote({ app, dir: resolved.tree.dir, env, service, name, words, terminal: false });
    if (code !== 0) throw new Fatal(`${name} in ${service} ended with ${code}`);
  }
}

/** What runs now: its version label, its chaos version, or "unknown"; null where nothing is deployed. */
async function deployedVersion(app: App): Promise<string | null> {
  const all = await services(app.stack);
  if (all.length === 0) return null;
  const main = all.find((service) => service.Spec.Name === `${app.stack}_app`);
  const identity = identityOf(app.stack, main?.Spec.Labels ?? {});
  return identity.chaos === "true" ? identity.chaosVersion : identity.version;
}

function resolveFor(kind: Kind, app: App, running: string | null, args: Args, asked: string | undefined): Resolved {
  const wish: Wish = { chaos: args.on("chaos"), offline: args.on("offline"), ignoreEnv: args.on("ignore-env-version"), ...(asked === undefined ? {} : { asked }) };
  if (kind === "deploy") return resolve(app.recipe, app.version, wish);
  const tree = new Tree(app.recipe);
  refresh(tree, wish);
  const sign = kind === "upgrade" ? 1 : -1;
  const from = running !== null && isVersionTag(running) ? running : null;
  const beyond = (tag: string) => from === null || Math.sign(compareTags(tag, from)) === sign;
  const candidates = tree.versions().filter(beyond);
  const chosen = asked ?? candidates.at(-1);
  if (chosen === undefined) throw new Fatal(`no available ${kind}s for ${app.domain}`);
  if (!candidates.includes(chosen)) throw new Fatal(`${chosen} is no ${kind} from ${running}`);
  return resolve(app.recipe, chosen, { ...wish, asked: chosen, offline: true });
}

function refuseLint(resolved: Resolved, files: readonly ComposeFile[]): void {
  const broken = brokenErrors({ tree: resolved.tree, files });
  if (broken.length > 0) throw new Fatal(`lint: ${broken.join("; ")} (or use --chaos)`);
}

function warnMissingEnv(app: App, resolved: Resolved): void {
  const sample = join(resolved.tree.dir, ".env.sample");
  if (!existsSync(sample)) return;
  const missing = Object.keys(parseEnv(readFileSync(sample, "utf8")).env).filter((key) => !(key in app.env));
  for (const key of missing) log.warn(`env var ${key} is in .env.sample but not in ${app.file}`);
}

/** [R] what abra compares the record with; here it has to exist. */
async function checkDomain(env: Env): Promise<void> {
  const domain = env.DOMAIN ?? "";
  if (domain === "") throw new Fatal("DOMAIN is not set in the app's env file");
  await lookup(domain, { family: 4 }).catch(() => {
    throw new Fatal(`unable to retrieve A record of ${domain} (or use --no-domain-checks)`);
  });
}
