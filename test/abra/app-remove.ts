import { rmSync } from "node:fs";
import type { Args } from "./args.ts";
import { allSecrets, api, services, stackConfigs, volumesOf } from "./engine.ts";
import { Fatal, log, print, table } from "./log.ts";
import { type App, findApp } from "./place.ts";
import { confirm } from "./prompt.ts";
import { capture, docker } from "./run.ts";

/** Removes the stack and returns as soon as the client does: tasks may still be stopping. Data stays. */
export async function appUndeploy(args: Args): Promise<void> {
  const app = findApp(args.positionals[0] ?? "");
  if ((await services(app.stack)).length === 0) throw new Fatal(`${app.domain} is not deployed`);
  if (!args.on("no-input")) confirm(`undeploy ${app.domain}?`);
  const result = capture(docker("stack", "rm", app.stack));
  if (result.code !== 0) throw new Fatal(result.stderr.trim());
  log.info(`${app.domain} undeployed`);
}

async function refuseDeployed(app: App): Promise<void> {
  if ((await services(app.stack)).length > 0) throw new Fatal(`${app.domain} is still deployed, undeploy it first`);
}

export async function volumeList(args: Args): Promise<void> {
  const app = findApp(args.positionals[0] ?? "");
  const names = await volumesOf(app.stack);
  if (args.on("machine")) print(JSON.stringify(names.map((name) => ({ name }))));
  else print(table(["name"], names.map((name) => [name])));
}

/** [R] that -f is what keeps it from asking, and that -n alone is not enough */
export async function volumeRemove(args: Args): Promise<void> {
  const [domain = "", volume] = args.positionals;
  const app = findApp(domain);
  await refuseDeployed(app);
  const names = await volumesOf(app.stack);
  const wanted = volume === undefined ? names : names.filter((name) => name === volume || name === `${app.stack}_${volume}`);
  if (wanted.length === 0) throw new Fatal("no volumes to remove");
  if (!args.on("force")) confirm(`remove ${wanted.join(", ")}?`);
  await removeVolumes(wanted);
}

async function removeVolumes(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await api(`/volumes/${name}`, "DELETE");
    log.info(`${name} removed`);
  }
}

/** Everything that is left of an undeployed app: secrets, configs, volumes, the env file. [R] that configs go too */
export async function appRemove(args: Args): Promise<void> {
  const app = findApp(args.positionals[0] ?? "");
  await refuseDeployed(app);
  if (!args.on("force") && !args.on("no-input")) confirm(`remove ${app.domain}, all its data included?`);
  const secrets = (await allSecrets()).filter(({ Spec }) => Spec.Name.startsWith(`${app.stack}_`));
  for (const { ID } of secrets) await api(`/secrets/${ID}`, "DELETE");
  for (const { ID } of await stackConfigs(app.stack)) await api(`/configs/${ID}`, "DELETE");
  await removeVolumes(await volumesOf(app.stack));
  rmSync(app.file);
  log.info(`${app.domain} removed`);
}
