import { existsSync } from "node:fs";
import { join } from "node:path";
import { FindingError, infra } from "../../base/errors.ts";
import { fetchRecipe } from "../../recipe/checkout.ts";
import { nameForAbra } from "../../recipe/named.ts";
import { sourceBeside, sourceOf } from "../../recipe/source.ts";
import { treeAt } from "../../recipe/tree.ts";
import type { Build } from "../context.ts";
import { Images, noteImages } from "../images.ts";
import type { NeedRecipe } from "./needTypes.ts";
import { asSampled } from "../app/sampled.ts";
import { settingsOfNeed } from "../app/settings.ts";
import type { Site } from "../site.ts";

/**
 * The newest release of a recipe that the tested one needs, with all its images on the Swarm.
 * @throws UsageError where it can't be found or used; infra where forge or registry do not answer; FindingError for its own faults
 */
export async function needRecipe(site: Site, name: string): Promise<NeedRecipe> {
  const recipe = await newestRelease(site.build, name);
  const { tree, settings } = recipe;
  const compose = await asSampled(tree.dir, settings.env.deploy, { settings, side: tree.side });
  // Its own: what is wrong with them must not end the build.
  const images = new Images(site);
  images.want(compose);
  const pulled = await images.all();
  noteImages(site.build, pulled.images);
  const [missing] = pulled.missing;
  if (missing) throw new FindingError("recipe", { class: missing.class, service: missing.service, summary: `${missing.service}: the image ${missing.ref} can't be had: ${missing.words}`, evidence: [], hint: "" });
  const [trouble] = pulled.trouble;
  if (trouble) throw infra(trouble.class, `the image ${trouble.ref} could not be pulled: ${trouble.words}`, "try again when the registry answers");
  return recipe;
}

async function newestRelease(build: Build, name: string): Promise<NeedRecipe> {
  const { request } = build;
  const tested = sourceOf(request.source, request.sourceBase, existsSync);
  const fetched = await fetchRecipe({
    source: sourceBeside(tested, name, request.sourceBase, existsSync),
    ref: null,
    pr: null,
    into: join(build.dir, "needs", name),
    signal: build.signal,
    log: (line) => build.log.debug(line),
  });
  const release = fetched.versions[0] ?? null;
  const commit = release?.commit ?? fetched.head;
  const dir = join(build.dir, "needs", name, "release");
  await treeAt(fetched, commit, dir, build.signal);
  const checkout = { ...fetched, name: await nameForAbra({ dir, name: fetched.name }) };
  const settings = await settingsOfNeed(checkout, dir, name);
  build.note(`needs ${name}: ${release?.tag ?? "no release yet"}, ${commit.slice(0, 8)}`);
  return { checkout, tree: { side: "head", commit, dir }, settings, version: release?.tag ?? null };
}
