import { posix } from "node:path";
import { FindingError, infra } from "../base/errors.ts";
import { Abra } from "../abra/abra.ts";
import { lastLines, type Outcome, saidBy } from "../abra/outcome.ts";
import { RecipeTree } from "../abra/tree.ts";
import { dependencies } from "../recipe/dependencies.ts";
import { composeFiles, envValues, setEnv } from "../recipe/envfile.ts";
import { loadApp } from "../recipe/files.ts";
import { appLabel, checkNames, newNonce, stackName } from "../recipe/naming.ts";
import type { Checkout } from "../recipe/types.ts";
import { overlayFor } from "../swarm/overlay.ts";
import type { Swarm } from "../swarm/types.ts";
import { startWatch, type Watch } from "../watch/watch.ts";
import { type App, noServices, overlayFile, type Tree } from "./appState.ts";
import { isRouted, ready } from "./ready.ts";
import type { Site } from "./site.ts";

/**
 * A new app of one commit, everything but deployed: own ABRA_DIR, clone, .env, secrets, overlay for this host.
 * @throws FindingError where the recipe or abra refuses; UsageError for names that Docker would refuse
 */
export async function newApp(site: Site, swarm: Swarm, checkout: Checkout, which: App["which"], tree: Tree): Promise<App> {
  const domain = `${appLabel(checkout.name, newNonce())}.${swarm.edge.baseDomain}`;
  const stack = stackName(domain);
  const dir = posix.join(swarm.shell.runDir, `abra-${which}`);
  site.build.journal.will({ kind: "stack", name: stack, domain, abraDir: dir });
  const { abra, recipeTree } = await abraIn(site, swarm, checkout, dir);
  // With -C abra takes the .env.sample of the tree as it stands; without, that of the latest release.
  await recipeTree.checkoutHead(checkout.name, tree.commit);
  await must(swarm, tree, "app new", await abra.appNew({ recipe: checkout.name, domain, chaos: true }));
  const app: App = { which, domain, stack, abra, recipeTree, recipe: checkout.name, tree, compose: noServices, env: {}, secrets: {}, watch: null };
  site.apps.push(app);
  await moveTo(site, swarm, app, tree);
  return app;
}

/** An ABRA_DIR on the node with its own clone of the recipe in it. */
export async function abraIn(site: Site, swarm: Swarm, checkout: Checkout, dir: string): Promise<{ abra: Abra; recipeTree: RecipeTree }> {
  const { build } = site;
  const abra = new Abra({ shell: swarm.shell, binary: site.abraPath, dir, log: (line) => build.log.debug(line), mask: build.mask, signal: build.signal });
  await abra.serverInit();
  const recipeTree = new RecipeTree(swarm.shell, dir, build.signal);
  await recipeTree.place(checkout);
  return { abra, recipeTree };
}

/**
 * Puts an app's files at a commit: checks it out, adds what this host and the request need to the .env, writes the overlay and
 * generates secrets that are not there yet. Nothing is deployed.
 */
export async function moveTo(site: Site, swarm: Swarm, app: App, tree: Tree, added: Readonly<Record<string, string>> = {}): Promise<void> {
  const { build } = site;
  await app.recipeTree.checkoutHead(app.recipe, tree.commit);
  const wanted = { ...added, ...build.request.env, LETS_ENCRYPT_ENV: "" };
  const env = setEnv(await app.abra.readEnv(app.domain), wanted);
  const files = composeFiles(envValues(env)).filter((file) => file !== overlayFile);
  app.tree = tree;
  app.compose = await loadApp(tree.dir, { ...envValues(env), COMPOSE_FILE: files.join(":") }, app.stack);
  checkNames(app.compose, app.stack);
  const overlay = overlayFor(app.compose, { ipvs: swarm.facts.ipvs });
  if (overlay) {
    await swarm.shell.putFile(posix.join(app.recipeTree.path(app.recipe), overlayFile), overlay.yaml);
    files.push(overlayFile);
    site.overlay = overlay.summary;
  }
  const written = setEnv(env, { COMPOSE_FILE: files.join(":") });
  app.env = envValues(written);
  await app.abra.writeEnv(app.domain, written);
  if (app.compose.secrets.some(({ external }) => external)) {
    const generated = await app.abra.secretGenerate(app.domain);
    await must(swarm, tree, "app secret generate", generated);
    app.secrets = { ...app.secrets, ...generated.value };
  }
  // Whether every call of abra leaves the tree alone is not certain, and the next one deploys what stands there.
  await app.recipeTree.checkoutHead(app.recipe, tree.commit);
}

/** The watch of an app: from before its first deploy to teardown. */
export async function watchApp(site: Site, swarm: Swarm, app: App): Promise<Watch> {
  const { build } = site;
  app.watch = startWatch({
    docker: swarm.docker,
    stack: app.stack,
    dependencies: new Map(Object.entries(dependencies(app.compose, app.stack))),
    missingImages: site.missingImages,
    overlaid: site.overlay === null ? [] : app.compose.services.map((service) => service.name),
    mask: build.mask,
    signal: build.signal,
    onLine: (line, news) => build.waiting(line, news),
  });
  return app.watch;
}

/**
 * Deploys what `moveTo` prepared and waits until the watch calls it settled and a visitor would see it.
 * @throws FindingError as the watch judged, or class abra-refused where abra itself said no, wrong-port or unreachable
 */
export async function deploy(site: Site, swarm: Swarm, app: App, o: { force: boolean }): Promise<void> {
  const { build } = site;
  const watch = app.watch ?? (await watchApp(site, swarm, app));
  const services = app.compose.services.map((service) => service.name);
  await watch.beforeChange(o.force ? "upgrade" : "deploy");
  const timeoutMs = deployTimeoutMs(app);
  const hooks = (app.env.POST_DEPLOY_CMDS ?? "").trim() !== "";
  const result = await build.span("abra deploy", () =>
    app.abra.deploy({
      domain: app.domain,
      chaos: true,
      offline: true,
      noDomainChecks: true,
      // Without its own wait abra leaves out the recipe's commands; where there are some, the watch judges beside it.
      noConverge: !hooks,
      force: o.force,
      timeoutMs: hooks ? timeoutMs + 120_000 : 120_000,
      signal: AbortSignal.any([build.signal, watch.broken]),
    }),
  );
  await must(swarm, app.tree, "app deploy", result);
  watch.afterChange();
  const { warnings } = await build.span("settle", () => watch.settled({ timeoutMs, services }));
  for (const warning of warnings) build.warn(warning);
  if (isRouted(app)) await ready(site, swarm, app, timeoutMs);
  else build.warn("no service has the label traefik.enable=true: nothing answers visitors, so nobody visits");
}

/**
 * What abra refuses is the recipe's fault, unless it never ended or the daemon behind it is gone.
 * @throws FindingError (recipe, abra-refused) with abra's own words; infra
 */
async function must(swarm: Swarm, tree: Tree, call: string, outcome: Outcome): Promise<void> {
  if (outcome.ok) return;
  if (outcome.timedOut) throw infra("abra-hung", `abra ${call} did not end in time`, "run it again; if it stays, try the same command by hand", lastLines(outcome));
  await swarm.docker.ping().catch((error: unknown) => {
    throw infra("daemon-lost", `the engine does not answer any more, and abra ${call} says: ${saidBy(outcome)}`, "run it again", lastLines(outcome), error);
  });
  throw new FindingError("recipe", {
    class: "abra-refused",
    service: null,
    summary: `abra ${call} refuses commit ${tree.commit.slice(0, 8)}: ${saidBy(outcome)}`,
    evidence: lastLines(outcome),
    hint: `try it by hand on commit ${tree.commit.slice(0, 8)}: abra ${call}`,
  });
}

/**
 * The recipe's own timeout label is for abra's wait. The watch decides much earlier, so this only bounds what never ends, and a
 * label that is shorter than a health check's patience makes no red.
 */
export function deployTimeoutMs(app: App): number {
  const label = app.compose.services.find((service) => service.name === "app")?.labels[`coop-cloud.${app.stack}.timeout`];
  const seconds = Number(label);
  return Number.isFinite(seconds) && seconds > 0 ? Math.max(seconds, 600) * 1000 : 600_000;
}
