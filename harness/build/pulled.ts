import { FindingError } from "../base/errors.ts";
import type { ImageFailure } from "../swarm/images/prepull.ts";
import type { App } from "./app/appState.ts";
import { baseBroken } from "./change/base-broken.ts";
import { noteImages, wantedBy } from "./images.ts";
import type { Site } from "./site.ts";

/**
 * The images of these apps, the last one being head.
 * @throws FindingError: head's missing image is the recipe's; a registry that does not answer is infra
 */
export async function pullFor(site: Site, apps: readonly App[]): Promise<void> {
  const missing = await pulledFor(site, apps);
  site.missingImages = missing.map(({ ref }) => ref);
  const ofHead = new Set(apps.slice(-1).flatMap((app) => wantedBy(app.compose).map(({ ref }) => ref)));
  blame(site, ofHead, missing);
}

/** Those of a version that nobody needed until now. @throws FindingError (recipe) where one is missing; infra as `pullFor` */
export async function pullLate(site: Site, app: App): Promise<void> {
  const missing = await pulledFor(site, [app]);
  const refs = new Set(wantedBy(app.compose).map(({ ref }) => ref));
  const own = missing.find(({ ref }) => refs.has(ref));
  if (own) throw missingImage(own, missing);
}

/** @returns images that do not exist, or can't run here, of whatever was asked for so far */
async function pulledFor(site: Site, apps: readonly App[]): Promise<readonly ImageFailure[]> {
  for (const app of apps) site.images.want(app.compose);
  const pulled = await site.images.all();
  noteImages(site.build, pulled.images);
  const [trouble] = pulled.trouble;
  if (trouble) {
    throw new FindingError("infra", {
      class: trouble.class,
      service: trouble.service,
      summary: `${trouble.ref} could not be pulled: ${trouble.words}`,
      evidence: pulled.trouble.map((one) => `${one.ref}: ${one.words}`),
      hint: "the recipe is not to blame: try again when the registry answers, or log in with docker login",
    });
  }
  return pulled.missing;
}

/** A missing image of head is red at once; one that only base names makes base broken, which is not head's fault. */
function blame(site: Site, headRefs: ReadonlySet<string>, missing: readonly ImageFailure[]): void {
  const ofHead = missing.find((one) => headRefs.has(one.ref));
  if (ofHead) throw missingImage(ofHead, missing);
  const [ofBase] = missing;
  if (!ofBase) return;
  site.build.findings.baseBroken = baseBroken(missingImage(ofBase, missing));
}

function missingImage(one: ImageFailure, missing: readonly ImageFailure[]): FindingError {
  return new FindingError("recipe", {
    class: one.class,
    service: one.service,
    summary: `${one.service}: the image ${one.ref} ${one.class === "image-missing" ? "does not exist" : "can't run here"}: ${one.words}`,
    evidence: missing.map(({ ref, words }) => `${ref}: the registry says: ${words}`),
    hint: "correct the image's name or tag in compose.yml; a private image wants docker login on this machine",
  });
}
