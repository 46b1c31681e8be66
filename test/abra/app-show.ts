import type { Args } from "./args.ts";
import { type Service, type Task, ofStack, services, tasks } from "./engine.ts";
import { Fatal, print, table } from "./log.ts";
import { identityOf } from "./override.ts";
import { type App, findApp, listApps, listServers } from "./place.ts";

async function labelsOf(app: App): Promise<Readonly<Record<string, string>> | null> {
  const all = await services(app.stack);
  if (all.length === 0) return null;
  return all.find((service) => service.Spec.Name === `${app.stack}_app`)?.Spec.Labels ?? {};
}

/** `app ps`: one row a container, every value a string. */
export async function appPs(args: Args): Promise<void> {
  const app = findApp(args.positionals[0] ?? "");
  const all = await services(app.stack);
  if (all.length === 0) throw new Fatal(`${app.domain} is not deployed`);
  const identity = identityOf(app.stack, (await labelsOf(app)) ?? {});
  const running = await tasks({ ...ofStack(app.stack), "desired-state": ["running"] });
  const rows = running.map((task) => psRow(app, all, task, identity));
  if (args.on("machine")) print(JSON.stringify(Object.fromEntries(rows.map((row, i) => [row.service + (rows.findIndex((r) => r.service === row.service) === i ? "" : `.${i}`), row]))));
  else print(table(["service", "image", "created", "status", "state", "ports"], rows.map((r) => [r.service, r.image, r.created, r.status, r.state, r.ports])));
}

function psRow(app: App, all: readonly Service[], task: Task, identity: ReturnType<typeof identityOf>) {
  const service = all.find(({ ID }) => ID === task.ServiceID)?.Spec.Name ?? "";
  return {
    service: service.slice(app.stack.length + 1),
    chaos: identity.chaos,
    created: task.CreatedAt,
    image: task.Spec.ContainerSpec?.Image ?? "unknown",
    ports: "",
    state: task.Status.State,
    status: task.Status.State,
    version: identity.chaos === "true" ? identity.chaosVersion : identity.version,
  };
}

/** `app ls`: every app of every server. What runs is looked up with -S only. */
export async function appList(args: Args): Promise<void> {
  const wanted = args.values.get("server");
  const apps = listApps().filter((app) => wanted === undefined || app.server === wanted);
  const rows = await Promise.all(apps.map((app) => listRow(app, args.on("status"))));
  if (!args.on("machine")) {
    print(table(["server", "recipe", "domain", "status", "version"], rows.map((r) => [r.server, r.recipe, r.domain, r.status, r.version])));
    return;
  }
  const servers = listServers().filter((server) => wanted === undefined || server === wanted);
  print(JSON.stringify(Object.fromEntries(servers.map((server) => [server, summary(rows.filter((row) => row.server === server))]))));
}

async function listRow(app: App, lookUp: boolean) {
  const base = { server: app.server, recipe: app.recipe, appName: app.domain, domain: app.env.DOMAIN ?? "" };
  const labels = lookUp ? await labelsOf(app) : null;
  const status = !lookUp ? "unknown" : labels ? "deployed" : "undeployed";
  const identity = identityOf(app.stack, labels ?? {});
  return { ...base, status, chaos: identity.chaos === "true" ? "true" : "false", chaosVersion: identity.chaosVersion, version: identity.version, upgrade: "unknown" };
}

function summary(rows: readonly Awaited<ReturnType<typeof listRow>>[]) {
  const versioned = rows.filter((row) => row.version !== "unknown").length;
  return { apps: rows, appCount: rows.length, versionCount: versioned, unversionedCount: rows.length - versioned, latestCount: 0, upgradeCount: 0 };
}
