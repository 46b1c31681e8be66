import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { orInfra } from "../../abra/outcome.ts";
import { FindingError, infra, messageOf, UsageError } from "../../base/errors.ts";
import { fetchRecipe } from "../../recipe/checkout.ts";
import { envValues, setEnv } from "../../recipe/envfile.ts";
import { loadApp } from "../../recipe/files.ts";
import { appLabel, newNonce, stackName } from "../../recipe/naming.ts";
import { catalogueBase, sourceOf } from "../../recipe/source.ts";
import { treeAt } from "../../recipe/tree.ts";
import type { Checkout, ComposeApp } from "../../recipe/types.ts";
import type { Swarm } from "../../swarm/types.ts";
import { startWatch } from "../../watch/watch.ts";
import { abraIn } from "../app/app.ts";
import type { Tree } from "../app/appState.ts";
import { Images, noteImages } from "../images.ts";
import type { Site } from "../site.ts";

const recipe = "backup-bot-two";
const deployMs = 120_000;
const settleMs = 180_000;
/** The bot's own schedule must not back the app up in the middle of a run: 31 February. */
const never = "0 0 31 2 *";

/**
 * Deploys the backup bot by abra, an app of its own, and waits until it is up.
 * @throws infra: whatever is wrong with it, the recipe under test is not to blame
 */
export async function deployBackupBot(site: Site, swarm: Swarm, signal: AbortSignal): Promise<void> {
  try {
    const { checkout, tree } = await botRecipe(site);
    const domain = `${appLabel(recipe, newNonce())}.${swarm.edge.baseDomain}`;
    const stack = stackName(domain);
    const dir = posix.join(swarm.shell.runDir, "abra-bot");
    await site.will({ kind: "stack", name: stack, domain, abraDir: dir });
    const { abra, recipeTree } = await abraIn(site, swarm, checkout, dir);
    await recipeTree.checkoutHead(checkout.name, tree.commit);
    orInfra(await abra.appNew({ recipe: checkout.name, domain, chaos: true }), "app new");
    const env = setEnv(await abra.readEnv(domain), { LETS_ENCRYPT_ENV: "", CRON_SCHEDULE: never });
    await abra.writeEnv(domain, env);
    const compose = await loadApp(tree.dir, envValues(env), stack);
    orInfra(await abra.secretGenerate(domain), "app secret generate");
    await pull(site, compose);
    await recipeTree.checkoutHead(checkout.name, tree.commit);
    await up(site, swarm, { stack, compose, signal, deploy: () => abra.deploy({ domain, chaos: true, offline: true, noDomainChecks: true, noConverge: true, timeoutMs: deployMs, signal }) });
  } catch (error) {
    signal.throwIfAborted();
    // Somebody who did not agree to a change of this machine still gets the verdict on everything else.
    if (error instanceof UsageError) throw infra("backup-bot", `the backup bot could not be made ready: ${error.where} ${error.what}`, error.remedy, [], error);
    if (!(error instanceof FindingError) || error.blame === "infra") throw error;
    throw infra("backup-bot", `the backup bot could not be deployed: ${error.reason.summary}`, error.reason.hint, error.reason.evidence, error);
  }
}

/** The catalogue's own for a real abra, at its latest release; where that can't be had, and for abra's stand-in, this project's. */
async function botRecipe(site: Site): Promise<{ checkout: Checkout; tree: Tree }> {
  const { build, world } = site;
  if (!world) throw new Error("the backup bot is wanted before preflight");
  const fetched = (source: string) =>
    fetchRecipe({ source: sourceOf(source, null, existsSync), ref: null, pr: null, into: join(build.dir, "backup-bot"), signal: build.signal, log: (line) => build.log.debug(line) });
  if (world.abra.kind === "binary") {
    try {
      const checkout = await fetched(`${catalogueBase}/${recipe}.git`);
      const release = checkout.versions[0]?.commit ?? checkout.head;
      const dir = join(build.dir, "backup-bot-release");
      await treeAt(checkout, release, dir, build.signal);
      return { checkout, tree: { side: "head", commit: release, dir } };
    } catch (error) {
      build.signal.throwIfAborted();
      build.warn(`${recipe} can't be fetched: ${messageOf(error)}`);
    }
  }
  build.note(`${recipe} is played by a backup bot of recipe-ci's own, with real restic`);
  const checkout = await fetched(await world.backupBotRecipe(join(build.dir, "backup-bot-recipe")));
  return { checkout, tree: { side: "head", commit: checkout.head, dir: checkout.dir } };
}

async function pull(site: Site, compose: ComposeApp): Promise<void> {
  const images = new Images(site);
  images.want(compose);
  const pulled = await images.all();
  noteImages(site.build, pulled.images);
  const [failed] = [...pulled.trouble, ...pulled.missing];
  if (failed) throw infra(failed.class, `the backup bot's image ${failed.ref} could not be pulled: ${failed.words}`, "the recipe is not to blame: try again");
}

interface Going {
  readonly stack: string;
  readonly compose: ComposeApp;
  readonly signal: AbortSignal;
  readonly deploy: () => Promise<Parameters<typeof orInfra>[0]>;
}

async function up(site: Site, swarm: Swarm, { stack, compose, signal, deploy }: Going): Promise<void> {
  const watch = startWatch({ docker: swarm.docker, stack, dependencies: new Map(), missingImages: [], mask: site.build.mask, signal });
  try {
    await watch.beforeChange("deploy");
    orInfra(await deploy(), "app deploy");
    watch.afterChange();
    await watch.settled({ timeoutMs: settleMs, services: compose.services.map(({ name }) => name) });
  } finally {
    await watch.stop();
  }
}
