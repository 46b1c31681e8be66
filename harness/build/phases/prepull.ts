import { statfs } from "node:fs/promises";
import { FindingError } from "../../base/errors.ts";
import type { ComposeApp } from "../../recipe/types.ts";
import { prepull as pullImages } from "../../swarm/images/prepull.ts";
import { parseReference } from "../../swarm/images/reference.ts";
import { type App, noServices } from "../appState.ts";
import type { Site } from "../site.ts";
import type { World } from "../world.ts";
import type { Plan } from "./prepare.ts";

interface Wanted {
  readonly ref: string;
  readonly service: string;
}

/**
 * Every image of head and base, with the registry's real answer on failure.
 * @throws FindingError: head's missing image is the recipe's; a registry that does not answer is infra
 */
export async function prepull(site: Site, plan: Plan): Promise<void> {
  await pullFor(site, [...(plan.upgraded ? [plan.upgraded] : []), plan.head]);
}

/** The images of these apps, the last one being head. @throws FindingError as `prepull` */
export async function pullFor(site: Site, apps: readonly App[]): Promise<void> {
  const { build, world } = site;
  if (!world) throw new Error("no world before preflight");
  const swarm = await site.swarm();
  const head = wantedBy(apps.at(-1)?.compose ?? noServices);
  const refs = [...new Map(apps.flatMap((app) => wantedBy(app.compose)).map((wanted) => [wanted.ref, wanted])).values()];
  await world.seed(refs.map((wanted) => wanted.ref), build.signal);
  site.useCacheFor([...new Set(refs.map((wanted) => parseReference(wanted.ref).registryHost))]);
  const pulled = await pullImages({
    refs,
    node: swarm.docker,
    host: swarm.kind === "ephemeral" ? world.host : null,
    upstreams: world.upstreams,
    cache: site.cache,
    hostImages: build.request.hostImages,
    mask: build.mask,
    freeBytes: async () => freeBytes(await dockerRoot(world)),
    signal: build.signal,
    onProgress: (line) => build.waiting(line),
  });
  build.findings.images.push(...pulled.images);
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
  site.missingImages = pulled.missing.map((missing) => missing.ref);
  blame(site, head.map((wanted) => wanted.ref), pulled.missing);
}

/** A missing image of head is red at once; one that only base names makes base broken, which is not head's fault. */
function blame(site: Site, headRefs: readonly string[], missing: readonly { ref: string; service: string; words: string }[]): void {
  const ofHead = missing.find((one) => headRefs.includes(one.ref));
  if (ofHead) {
    throw new FindingError("recipe", {
      class: "image-missing",
      service: ofHead.service,
      summary: `${ofHead.service}: the image ${ofHead.ref} does not exist`,
      evidence: missing.map((one) => `${one.ref}: the registry says: ${one.words}`),
      hint: "correct the image's name or tag in compose.yml; a private image wants docker login on this machine",
    });
  }
  const [ofBase] = missing;
  if (!ofBase) return;
  site.build.findings.baseBroken = {
    class: "base-broken",
    service: ofBase.service,
    summary: `base can't be deployed any more: the image ${ofBase.ref} does not exist`,
    evidence: missing.map((one) => `${one.ref}: the registry says: ${one.words}`),
    hint: "head is not to blame; choose another version to upgrade from with --base",
  };
}

function wantedBy(compose: ComposeApp): Wanted[] {
  return compose.services.map((service) => ({ ref: service.image, service: service.name }));
}

async function dockerRoot(world: World): Promise<string> {
  const info = (await world.host.info()) as { DockerRootDir?: string };
  return info.DockerRootDir ?? "/var/lib/docker";
}

/** Where the engine's folder is not on this machine (Docker Desktop), nothing can be said and the pull itself will tell. */
async function freeBytes(folder: string): Promise<number> {
  const stats = await statfs(folder).catch(() => null);
  return stats ? stats.bavail * stats.bsize : Number.POSITIVE_INFINITY;
}
