/** What has to be done to a machine so that a build can start. Pure. */
import { baseImage, debianNodeImage, dockerHub, edgeImage, hubNodeImage, knownImage, type KnownImage, registryImage, standInPath } from "./catalogue.ts";
import type { MachineFacts, Step } from "./types.ts";

/** The images of a build, by how they come here. */
export interface WantedImages {
  readonly node: string;
  readonly edge: string;
  /** From their registry, which answers. */
  readonly pull: readonly string[];
  /** Made here, in an order in which each comes after what it stands on. */
  readonly build: readonly KnownImage[];
  /** Served by the seed registry, because their own is silent. */
  readonly serve: readonly KnownImage[];
}

/**
 * Which images are wanted, and whether each is pulled or built.
 * @param known the catalogue, in the order in which images are to be built
 */
export function wantedImages(seeds: readonly string[], standIn: boolean, silent: readonly string[], known: readonly KnownImage[]): WantedImages {
  const answers = (registry: string | null) => registry !== null && !silent.includes(registry);
  const hub = answers(dockerHub);
  const node = hub && !standIn ? hubNodeImage : debianNodeImage;
  const serve = uniqueKnown([edgeImage, ...seeds]).filter((image) => image.registry !== null && !answers(image.registry));
  const refs = [node, edgeImage, ...serve.map((image) => image.ref), ...(serve.length > 0 ? [registryImage] : [])];
  const built = new Set(refs.filter((ref) => ref !== hubNodeImage && !answers(knownImage(ref)?.registry ?? null)));
  const all = new Set(built.size > 0 ? [baseImage, ...refs] : refs);
  if (built.size > 0 && !hub) built.add(baseImage);
  return { node, edge: edgeImage, pull: [...all].filter((ref) => !built.has(ref)), build: known.filter((image) => built.has(image.ref)), serve };
}

function uniqueKnown(refs: readonly string[]): KnownImage[] {
  return [...new Set(refs.map(knownImage))].filter((image) => image !== undefined);
}

/**
 * The steps that are left, in order. Empty where the machine is ready.
 * @param inputs by reference, the hash of what the image would be built from now
 */
export function plan(facts: MachineFacts, wanted: WantedImages, inputs: Readonly<Record<string, string>>): Step[] {
  const steps: Step[] = [];
  const have = new Map((facts.engine?.images ?? []).map((image) => [image.ref, image]));
  const build = wanted.build.map((image) => image.ref).filter((ref) => mustBuild(have.get(ref)?.inputs, inputs[ref], ref));
  // One that stands on a base that is made anew is made anew too: its hash holds the base's.
  const pull = wanted.pull.filter((ref) => have.get(ref)?.inputs !== null);
  const packages = [
    ...(facts.engine || facts.dockerd || !facts.defaultSocket ? [] : ["docker.io", "iptables"]),
    ...(build.includes(baseImage) && !facts.debootstrap ? ["debootstrap"] : []),
  ];
  if (packages.length > 0) steps.push({ kind: "packages", packages });
  if (!facts.engine) steps.push({ kind: "engine" });
  if (pull.length > 0) steps.push({ kind: "pull", refs: pull });
  if (build.length > 0) steps.push({ kind: "build", refs: build });
  const start = wanted.serve.length > 0 && !registryIsCurrent(facts, have.get(registryImage)?.id, build.includes(registryImage));
  const push = wanted.serve.filter((image) => build.includes(image.ref) || !isServed(facts, image, have.get(image.ref)?.id)).map((image) => image.ref);
  if (start || push.length > 0) steps.push({ kind: "serve", start, push });
  return steps;
}

/**
 * `found` is undefined for an image that is not there and null for one that this project did not build: someone's real
 * image under a name that we could only imitate is kept.
 */
function mustBuild(found: string | null | undefined, now: string | undefined, ref: string): boolean {
  return found === undefined || (found === null ? ref === debianNodeImage : found !== now);
}

function registryIsCurrent(facts: MachineFacts, imageId: string | undefined, rebuilt: boolean): boolean {
  return facts.registry !== null && facts.registry.port !== null && !rebuilt && facts.registry.imageId === imageId;
}

function isServed(facts: MachineFacts, image: KnownImage, id: string | undefined): boolean {
  return id !== undefined && (facts.served[standInPath(image)]?.includes(id) ?? false);
}

/** A step for people, before it is done. */
export function describe(step: Step, dockerdLog: string): string {
  switch (step.kind) {
    case "packages":
      return `install ${step.packages.join(", ")} with apt-get`;
    case "engine":
      return `start a Docker engine, which stays running (its log, where no init system keeps one: ${dockerdLog})`;
    case "pull":
      return `pull ${step.refs.join(", ")}`;
    case "build":
      return `build from Debian's packages, because no registry has or gives them: ${step.refs.join(", ")}`;
    case "serve": {
      const registry = step.start ? "start a registry on 127.0.0.1 (container and volume recipe-ci-registry), which stays running" : "";
      const push = step.push.length > 0 ? `serve from it ${step.push.join(", ")}` : "";
      return [registry, push].filter(Boolean).join(", and ");
    }
  }
}

/** Pulling an image is what every deploy does anyway; all else changes the machine and wants a yes. */
export function wantsConsent(step: Step): boolean {
  return step.kind !== "pull";
}

/** Why the machine can't be made ready by this program, with what to do; null where it can. */
export function obstacle(steps: readonly Step[], facts: MachineFacts): { readonly what: string; readonly remedy: string } | null {
  const kinds = new Set(steps.map((step) => step.kind));
  if (kinds.has("engine") && !facts.defaultSocket) {
    return { what: `no Docker engine answers at ${facts.endpoint.host} (from ${facts.endpoint.from})`, remedy: "start it, or choose another with DOCKER_HOST or docker context use" };
  }
  if (kinds.has("engine") && !facts.linux) {
    return { what: "no Docker engine answers", remedy: "start Docker Desktop, or another engine of your choice" };
  }
  if ((kinds.has("engine") || kinds.has("packages")) && !facts.root) {
    return { what: kinds.has("engine") ? "no Docker engine answers and only root can start one" : "only root can install packages", remedy: byHand(steps) };
  }
  if (kinds.has("packages") && !facts.apt) {
    return { what: "there is no apt-get here to install packages with", remedy: byHand(steps) };
  }
  if (steps.some((step) => step.kind === "build" && step.refs.includes(baseImage)) && !(facts.linux && facts.root && facts.defaultSocket)) {
    return { what: "Docker Hub does not answer, and only root with an engine on this machine can build images without it", remedy: "make https://registry-1.docker.io/v2/ reachable, or run as root" };
  }
  return null;
}

function byHand(steps: readonly Step[]): string {
  const packages = steps.flatMap((step) => (step.kind === "packages" ? step.packages : []));
  return packages.length > 0 ? `have an administrator install ${packages.join(", ")} (or Docker's own packages) and start the engine` : "have an administrator start the engine";
}
