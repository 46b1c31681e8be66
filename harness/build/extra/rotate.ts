import { humanDuration } from "../../base/clock.ts";
import { FindingError, messageOf } from "../../base/errors.ts";
import { bounded } from "../../swarm/bounded.ts";
import { stackFilter } from "../../swarm/stack.ts";
import type { MountedSecrets } from "../../../tiers/scenarios.ts";
import { moveTo } from "../app/app.ts";
import { deploy } from "../change/deploy.ts";
import { disturbing } from "../change/disturbing.ts";
import { frontPageOf } from "../app/health.ts";
import { containerHere } from "../ready/containers.ts";
import { brokeBeside, underWatch, untilBroken } from "../app/standing.ts";
import { newVersions, type Rotated } from "./newVersions.ts";
import { passwordChanges } from "./passwords.ts";
import type { Scenario, Stage } from "./scenario.ts";

const clientMs = 60_000;
/** A step of hooks.ts may take as long, milliseconds. */
const tellMs = 300_000;
/** Between the two passwords nobody gets in. */
const betweenPasswords = { targets: ["*"], forMs: tellMs, why: "secrets are rotated" };
const listMs = 10_000;
/** Where nobody can tell whose fault it would be, nobody waits long for an app: this many of its longest deployments, milliseconds at least. */
const patience = 3;
const leastMs = 120_000;

/**
 * A new version of every secret that abra made, as an operator rotates them: the version in the .env, `abra app secret generate`, the
 * password in a database server, and a deployment. The last scenario of an app: one that does not bear it stays broken.
 */
export const rotate: Scenario = {
  name: "rotate",
  whyNot: ({ app }) => (rotatable(app).length > 0 ? null : "it has no secret that abra makes"),
  async run(stage) {
    const { app, test } = stage;
    const rotated = rotatable(app);
    const before = await mountedSecrets(stage);
    await stage.site.build.span("new secrets", () => remake(stage, rotated));
    const told = await disturbing(app, betweenPasswords, () => tellOthers(stage, rotated));
    if (!told.ok || !(await deployed(stage, rotated, told.byRecipe))) return;
    const names = app.compose.secrets.filter(({ key }) => rotated.some((one) => one.key === key));
    await test(app, { tier: "extra", scenario: "rotate", wanted: names.map(({ key, name }) => ({ key, name })), before, after: await mountedSecrets(stage), page: frontPageOf(app) });
    if (told.byRecipe && app.seeded) await stage.hook(app, "verify");
  },
};

/** What whoever started the build fixed stays as it is. */
function rotatable({ compose, env, secrets, settings, asked }: Stage["app"]): Rotated[] {
  const fixed = { ...settings.env.deploy, ...settings.env.upgrade, ...asked };
  return newVersions(compose, env, Object.keys(secrets)).filter(({ variable }) => !(variable in fixed));
}

async function remake({ site, swarm, app, note }: Stage, rotated: readonly Rotated[]): Promise<void> {
  await moveTo(site, swarm, app, app.tree, Object.fromEntries(rotated.map(({ variable, to }) => [variable, to])));
  note(rotated.map(({ key, from, to }) => `${key} ${from} to ${to}`).join(", "));
}

/** What has taken a secret for good is told of the new one: by the recipe's own step, else databases by the build. */
async function tellOthers(stage: Stage, rotated: readonly Rotated[]): Promise<{ readonly ok: boolean; readonly byRecipe: boolean }> {
  const { site, swarm, app, note } = stage;
  const step = await stage.hook(app, "rotate");
  if (step) return { ok: step.status === "passed", byRecipe: true };
  const values = Object.fromEntries(rotated.flatMap(({ key }) => (app.secrets[key] === undefined ? [] : [[key, app.secrets[key]]])));
  for (const { service, argv, sql } of passwordChanges(app.compose.services, values)) {
    try {
      const container = await containerHere(swarm, app.stack, service);
      if (container === null) throw new Error("no container of it runs");
      const ran = await underWatch(site, (signal) => swarm.shell.exec(["docker", "exec", "-i", container, ...argv], { timeoutMs: clientMs, signal, input: sql }));
      if (ran.exitCode !== 0) throw new Error((ran.stderr.trim() || ran.stdout.trim() || `exit code ${ran.exitCode}`).slice(0, 200));
      note(`${service} was told its new password first, as an operator does`);
    } catch (error) {
      untilBroken(site).throwIfAborted();
      note(`${service} could not be told its new password: ${messageOf(error)}`);
    }
  }
  return { ok: true, byRecipe: false };
}

/** @returns whether the app came up. Where the recipe says what else belongs to a rotation, it has to; else nobody knows whose fault it is */
async function deployed(stage: Stage, rotated: readonly Rotated[], byRecipe: boolean): Promise<boolean> {
  const { site, swarm, app, note, say } = stage;
  const started = performance.now();
  try {
    await deploy(site, swarm, app, { force: true, name: "rotate", ...(byRecipe ? {} : { limitMs: Math.max(leastMs, patience * app.tookMs) }) });
    note(`up again after ${humanDuration(performance.now() - started)}`);
    return true;
  } catch (error) {
    if (!(error instanceof FindingError) || error.blame === "infra" || brokeBeside(site, app, error) || site.build.signal.aborted) throw error;
    app.givenUp = true;
    const what = "the app comes up with its new secrets";
    if (byRecipe && error.blame === "recipe") say(what, "failed", error.message);
    else say(what, "skipped", `${error.message}. Nobody knows whether it should: what takes ${rotated.map(({ key }) => key).join(", ")} for good at its first start has to be told. Write rotate in the recipe's hooks.ts, or leave it out: skip: { rotate: "…" }`);
    return false;
  }
}

interface RawService {
  readonly Spec: { readonly Name: string; readonly TaskTemplate?: { readonly ContainerSpec?: { readonly Secrets?: readonly { readonly SecretName: string }[] } } };
}

/** The secrets that each service's spec asks for, by their names in the Swarm. */
async function mountedSecrets({ swarm, app }: Stage): Promise<MountedSecrets[]> {
  const services = (await bounded(`services of ${app.stack}`, swarm.docker.listServices({ filters: stackFilter(app.stack) }), listMs)) as unknown as RawService[];
  return services.map(({ Spec }) => ({ service: Spec.Name.slice(app.stack.length + 1), secrets: (Spec.TaskTemplate?.ContainerSpec?.Secrets ?? []).map(({ SecretName }) => SecretName) }));
}
