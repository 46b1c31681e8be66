import { posix } from "node:path";
import { Abra } from "../../abra/abra.ts";
import { RecipeTree } from "../../abra/tree.ts";
import { withDomains } from "../../config/needs.ts";
import { composeFiles, envValues, setEnv } from "../../recipe/envfile.ts";
import { appLabel, checkNames, newNonce, stackName } from "../../recipe/naming.ts";
import { checkCommit } from "../../recipe/tree.ts";
import { isBounded } from "../../recipe/trust/levels.ts";
import { plainEnv } from "../../recipe/trust/plainEnv.ts";
import type { Checkout } from "../../recipe/types.ts";
import { overlayFor, type Reach } from "../../swarm/overlay.ts";
import type { Swarm } from "../../swarm/types.ts";
import { startWatch, type Watch } from "../../watch/watch.ts";
import { type App, isOverlayFile, labelOf, noServices, overlayFile, type Tree } from "./appState.ts";
import { composed } from "./composed.ts";
import { envFor } from "./envFor.ts";
import { failureFiles } from "./failureFiles.ts";
import { must } from "./must.ts";
import { needsOf } from "./settings.ts";
import type { Site } from "../site.ts";
import { limitsFor, mustBeAllowed } from "./trust.ts";

/** What an app is made of. */
type Wanted = Pick<App, "which" | "tree" | "settings" | "asked"> & { readonly checkout: Checkout; readonly need?: string | null; readonly domain?: string };

/**
 * A new app of one commit, everything but deployed: own ABRA_DIR, clone, .env, secrets, overlay for this host.
 * @throws FindingError where the recipe or abra refuses; UsageError for names that Docker would refuse
 */
export async function newApp(site: Site, swarm: Swarm, { checkout, which, tree, settings, asked, need = null, domain = newDomain(checkout.name, swarm) }: Wanted): Promise<App> {
  // Head's was looked through before it was fetched.
  if (tree.side === "base") await checkCommit(checkout, tree.commit, site.build.signal);
  const stack = stackName(domain);
  const from = tree.side === "base" ? tree : null;
  const dir = posix.join(swarm.shell.runDir, need === null ? `abra-${labelOf({ which, from, need })}` : `abra-needs-${need}`);
  await site.will({ kind: "stack", name: stack, domain, abraDir: dir });
  const { abra, recipeTree } = await abraIn(site, swarm, checkout, dir);
  // With -C abra takes the .env.sample of the tree as it stands; without, that of the latest release.
  await recipeTree.checkoutHead(checkout.name, tree.commit);
  await must(swarm, tree, "app new", await abra.appNew({ recipe: checkout.name, domain, chaos: true }));
  const app: App = { which, from, need, domain, stack, abra, recipeTree, recipe: checkout.name, settings, asked, wired: {}, tree, compose: noServices, env: {}, secrets: {}, watch: null, overlays: [], overlaid: [], seeded: false, tookMs: 0, givenUp: false };
  site.apps.push(app);
  await moveTo(site, swarm, app, tree);
  return app;
}

/** A domain that no other app has. */
export function newDomain(recipe: string, swarm: Pick<Swarm, "edge">): string {
  return `${appLabel(recipe, newNonce())}.${swarm.edge.baseDomain}`;
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
 * Puts an app's files at a commit: checks it out, adds what this host, the settings and the request need to the .env, writes the
 * overlays and generates secrets that are not there yet. Nothing is deployed.
 */
export async function moveTo(site: Site, swarm: Swarm, app: App, tree: Tree, added: Readonly<Record<string, string>> = {}): Promise<void> {
  await app.recipeTree.checkoutHead(app.recipe, tree.commit);
  const upgraded = app.from !== null && tree.side === "head";
  const domains = new Map([...site.needs.values()].map((need) => [need.name, need.domain]));
  const asked = withDomains(envFor(app.settings, { ...app.wired, ...app.asked }, upgraded ? "upgrade" : "deploy"), domains);
  const wanted = { ...added, ...asked, LETS_ENCRYPT_ENV: "" };
  const bounded = app.need === null && isBounded(site.build.request);
  const own = await app.abra.readEnv(app.domain);
  const env = setEnv(bounded ? plainEnv(own) : own, wanted);
  const files = composeFiles(envValues(env)).filter((file) => !isOverlayFile(file));
  const { compose, overlays } = await composed(tree.dir, { ...envValues(env), COMPOSE_FILE: files.join(":") }, app.stack, { settings: app.settings, side: tree.side });
  if (bounded) await mustBeAllowed(site, tree.dir, { ...envValues(env), COMPOSE_FILE: files.join(":") }, app);
  app.tree = tree;
  app.compose = compose;
  checkNames(app.compose, app.stack);
  const overlay = overlayFor(app.compose, { ipvs: swarm.facts.ipvs, reach: reachOf(site, swarm, app) });
  const over: (App["overlays"][number] & { readonly name: string })[] = [...overlays.map((one) => ({ ...one, host: false })), ...(overlay ? [{ name: overlayFile, text: overlay.yaml, said: overlay.summary, host: true }] : [])];
  const limits = limitsFor(site, app);
  if (limits) over.push(limits);
  await writeOverlays(swarm, app, over);
  files.push(...over.map(({ name }) => name));
  for (const { said } of over) site.overlays.add(app.need === null ? said : `${app.need}: ${said}`);
  app.overlays = over;
  app.overlaid = overlay?.hostPorts ?? [];
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

/** What the app under test needs, where it stands beside it, is reached by its domain. */
function reachOf({ needs }: Site, { inside }: Swarm, { need }: App): Reach | null {
  const domains = [...needs.values()].flatMap(({ recipe, domain }) => (recipe ? [domain] : []));
  return inside && need === null && domains.length > 0 ? { domains, ...inside } : null;
}

/** Those of an earlier commit would otherwise stay as untracked files. */
async function writeOverlays(swarm: Swarm, app: App, overlays: readonly { readonly name: string; readonly text: string }[]): Promise<void> {
  const dir = app.recipeTree.path(app.recipe);
  const old = (await app.recipeTree.dirt(app.recipe)).filter((file) => isOverlayFile(file) && !overlays.some(({ name }) => name === file));
  if (old.length > 0) await swarm.shell.exec(["rm", "-f", ...old.map((file) => posix.join(dir, file))], { timeoutMs: 30_000 });
  for (const { name, text } of overlays) await swarm.shell.putFile(posix.join(dir, name), text);
}

/** The watch of an app: from before its first deploy to teardown. */
export async function watchApp(site: Site, swarm: Swarm, app: App): Promise<Watch> {
  const { build } = site;
  app.watch = startWatch({
    docker: swarm.docker,
    stack: app.stack,
    dependencies: needsOf(app),
    limits: app.settings.limits,
    limitsPlace: app.settings.place,
    missingImages: site.missingImages,
    overlaid: app.overlaid,
    listening: async (place) => {
      const ports = await swarm.portsOf(place);
      return ports && ports.length > 0;
    },
    onFailure: failureFiles(build, labelOf(app)),
    mask: build.mask,
    signal: build.signal,
    onLine: (line, news) => build.waiting(line, news),
  });
  return app.watch;
}
