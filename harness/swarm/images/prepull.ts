/** Every image of a build into the node, before anything is deployed: ask the registries, check the disk, then move bytes. */
import type Docker from "dockerode";
import type { ImageResult } from "../../../reports/results.ts";
import { infra, messageOf } from "../../base/errors.ts";
import type { Mask } from "../../base/mask.ts";
import type { ImageCache } from "./cache.ts";
import { type AuthConfig, type Credentials, dockerCredentials } from "./credentials.ts";
import { architectureOf, imageOn } from "./engine.ts";
import type { PullTrouble } from "./answers.ts";
import { type Prepared, fetchImage } from "./fetch.ts";
import { type Demand, type PullPlan, diskNeeded, planPull } from "./plan.ts";
import { type Reference, registryHostsOf, tryParse } from "./reference.ts";
import { type Resolution, resolveImage } from "./registry.ts";
import { type Upstreams, isStandIn } from "./upstream.ts";

export interface WantedImage {
  readonly ref: string;
  readonly service: string;
}

export interface PrepullOptions {
  readonly refs: readonly WantedImage[];
  /** The engine that gets them: the manager of a throwaway Swarm, or the local Swarm's. */
  readonly node: Docker;
  /** This machine's engine, where it is another one. */
  readonly host: Docker | null;
  readonly upstreams: Upstreams;
  readonly cache: ImageCache | null;
  readonly hostImages: boolean;
  /** See PullFacts; true unless said. */
  readonly lends?: boolean;
  /** Free bytes where the node's engine and the cache keep images; Infinity where nobody knows. */
  readonly freeBytes: () => Promise<number>;
  /** Credentials are registered here. */
  readonly mask: Mask;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  /** Docker's own config folder unless given. */
  readonly credentials?: Credentials;
}

/** An image that the build cannot have. */
export interface ImageFailure extends WantedImage {
  readonly class: PullTrouble;
  /** The registry's or the engine's own words. */
  readonly words: string;
}

export interface PrepullResult {
  readonly images: readonly ImageResult[];
  /** The recipe's fault: the registry says it does not exist, or not for this platform. */
  readonly missing: readonly ImageFailure[];
  /** Nobody in the recipe's fault: no answer, refused, rate limit, disk. */
  readonly trouble: readonly ImageFailure[];
}

const atOnce = 4;

/**
 * Brings every image into the node. All are asked for before the first byte moves; what is missing does not stop the others.
 * @throws infra `disk-full` with numbers before anything is pulled; the signal's reason
 */
export async function prepull(o: PrepullOptions): Promise<PrepullResult> {
  const wanted = [...new Map(o.refs.map((image) => [image.ref, image])).values()];
  o.cache?.intercept(registryHostsOf(wanted.map((image) => image.ref)));
  const credentials = o.credentials ?? dockerCredentials({ mask: o.mask, signal: o.signal });
  const architecture = await architectureOf(o.node, o.signal);
  const prepared = await mapBounded(wanted, atOnce * 2, (image) => prepare(o, image, architecture, credentials));
  const failures: ImageFailure[] = prepared.flatMap((one) => ("words" in one ? [one] : []));
  const ready = prepared.flatMap((one) => ("words" in one ? [] : [one]));
  await checkDisk(o, ready);
  o.cache?.hide(ready.flatMap((one) => (one.plan.do === "handover" && !one.plan.thenPull ? [one.ref] : [])));
  const fetched = await mapBounded(ready, atOnce, (one) => fetchImage(o, one));
  for (const one of fetched) if ("words" in one) failures.push(one);
  const isRecipes = (failure: ImageFailure) => failure.class === "image-missing" || failure.class === "image-platform";
  return {
    images: fetched.flatMap((one) => ("words" in one ? [] : [one])),
    missing: failures.filter(isRecipes),
    trouble: failures.filter((failure) => !isRecipes(failure)),
  };
}

async function prepare(o: PrepullOptions, image: WantedImage, architecture: string, credentials: Credentials): Promise<Prepared | ImageFailure> {
  const ref = tryParse(image.ref);
  if (!ref) return { ...image, class: "image-missing", words: "that is no image reference: [registry/]name[:tag][@sha256:digest]" };
  try {
    const auth = await credentials.forDomain(ref.domain);
    const { registry, plan, hostBytes, cached } = await decide(o, ref, auth, architecture);
    if (plan.do === "missing" || plan.do === "trouble") return { ...image, class: plan.class, words: plan.words };
    return { image, ref, auth, registry, plan, hostBytes, cached };
  } catch (error) {
    o.signal.throwIfAborted();
    return { ...image, class: "image-pull", words: messageOf(error) };
  }
}

interface Decision {
  readonly registry: Resolution;
  readonly plan: PullPlan;
  readonly hostBytes: number;
  readonly cached: boolean;
}

async function decide(o: PrepullOptions, ref: Reference, auth: AuthConfig | null, architecture: string): Promise<Decision> {
  const [registry, host, node] = await Promise.all([
    resolveImage(ref, auth, { upstreams: o.upstreams, architecture, shelf: o.cache?.shelf ?? null, signal: o.signal }),
    o.host ? imageOn(o.host, ref, o.signal) : null,
    imageOn(o.node, ref, o.signal),
  ]);
  const lastKnown = (await o.cache?.lastKnown(ref)) ?? null;
  const layers = registry.kind === "found" ? registry.layers : [];
  const cached = o.cache !== null && (registry.kind === "found" ? layers.length > 0 && (await o.cache.missingBytes(layers)) === 0 : lastKnown !== null);
  const plan = planPull({
    registry,
    pinned: ref.digest !== null,
    standIn: isStandIn(ref.registryHost, o.upstreams),
    lastKnown,
    cached,
    host,
    node,
    hostImages: o.hostImages,
    lends: o.lends ?? true,
    platform: `linux/${architecture}`,
  });
  return { registry, plan, hostBytes: host?.bytes ?? 0, cached };
}

/** @throws infra disk-full */
async function checkDisk(o: PrepullOptions, ready: readonly Prepared[]): Promise<void> {
  const demands = ready.map(demandOf);
  const layers = [...new Map(demands.flatMap((demand) => demand.layers.map((layer) => [layer.digest, layer]))).values()];
  const needed = diskNeeded(demands, o.cache ? await o.cache.missingBytes(layers) : 0);
  const free = await o.freeBytes();
  if (free >= needed) return;
  const sizes = ready.map((one) => `${one.image.ref}: ${megabytes(sizeOf(one))}`);
  throw infra("disk-full", `the images need about ${megabytes(needed)} of disk and ${megabytes(free)} are free`, "make room: docker system df shows what takes it", sizes);
}

function demandOf(one: Prepared): Demand {
  if (one.plan.do === "handover") return { layers: [], unpacked: one.hostBytes };
  return { layers: one.plan.do === "pull" && one.registry.kind === "found" ? one.registry.layers : [], unpacked: 0 };
}

function sizeOf(one: Prepared): number {
  return one.plan.do === "handover" ? one.hostBytes : one.registry.kind === "found" ? one.registry.bytes : 0;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

async function mapBounded<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
