/** What is done about one image, decided from what the registry, the host and the node say. Pure. */
import type { Resolution } from "./registry.ts";

/** An image as an engine has it. */
export interface EngineImage {
  /** Digest of its config: the same content has the same id on every engine. */
  readonly id: string;
  /** Digests that registries know it by, under whichever name. */
  readonly digests: readonly string[];
  /** Those of the reference's own repository: only they make a pinned reference work. */
  readonly own: readonly string[];
  /** Unpacked size. */
  readonly bytes: number;
}

export interface PullFacts {
  readonly registry: Resolution;
  /** The reference names a digest. */
  readonly pinned: boolean;
  /** Another registry answers in the real one's place (a machine without access): its "not found" is not the real one's. */
  readonly standIn: boolean;
  /** A public digest that the cache knows for the tag and can serve without the registry. */
  readonly lastKnown: string | null;
  /** Every layer is in the cache. */
  readonly cached: boolean;
  readonly host: EngineImage | null;
  readonly node: EngineImage | null;
  readonly hostImages: boolean;
  /** Whether the host's image may be handed over where no registry says that it is the same: it may hold what is nobody else's to read. */
  readonly lends: boolean;
  /** The node's platform: `linux/amd64`. */
  readonly platform: string;
}

export type PullPlan =
  | { readonly do: "keep" }
  | { readonly do: "pull"; readonly stale: boolean }
  /**
   * `thenPull`: the registry has the same content; a pull after it moves no layers and gives the digest that pinned references need.
   * Otherwise the registry's answer for the tag is kept from the node, so that a Swarm does not replace what was handed over.
   */
  | { readonly do: "handover"; readonly thenPull: boolean; readonly why: string }
  | { readonly do: "missing"; readonly class: "image-missing" | "image-platform"; readonly words: string }
  | { readonly do: "trouble"; readonly class: "image-pull"; readonly words: string };

/** The order of the rules matters: what a person asked for, then the registry's word, then what is at hand. */
export function planPull(facts: PullFacts): PullPlan {
  const { registry, host } = facts;
  if (facts.hostImages && host && !facts.pinned) {
    const same = registry.kind === "found" && isSame(host, registry);
    return { do: "handover", thenPull: same, why: "--host-images" };
  }
  if (registry.kind === "found") return planFound(facts, registry);
  if (registry.kind === "missing") return planMissing(facts, registry.words);
  return planUnanswered(facts, registry);
}

function planFound(facts: PullFacts, registry: Resolution & { kind: "found" }): PullPlan {
  if (!registry.platformOk) {
    const has = registry.architectures.length > 0 ? registry.architectures.map((name) => `linux/${name}`).join(", ") : "nothing for linux";
    return { do: "missing", class: "image-platform", words: `there is no ${facts.platform} image, only: ${has}` };
  }
  if (facts.node?.own.includes(registry.digest)) return { do: "keep" };
  // A stand-in is on this machine: pulling from it is faster than handing over.
  const near = facts.cached || facts.standIn;
  if (facts.host && isSame(facts.host, registry) && !near) return { do: "handover", thenPull: true, why: "the host's image is the registry's" };
  return { do: "pull", stale: false };
}

/** What a recipe that nobody trusts names and only this machine has. The stand-in's "not found" is not the real registry's. */
function kept(words: string): PullPlan {
  return { do: "trouble", class: "image-pull", words: `${words}; this machine has one of that name, which --trust none does not get: --host-images lends it` };
}

function planMissing(facts: PullFacts, words: string): PullPlan {
  if (facts.host && facts.standIn && !facts.lends) return kept(words);
  if (facts.host && facts.standIn && !facts.pinned) return { do: "handover", thenPull: false, why: "the host has it and the real registry cannot be asked" };
  const remedy = facts.host ? "; this machine's engine has an image of that name: --host-images tests it" : "";
  return { do: "missing", class: "image-missing", words: words + remedy };
}

function planUnanswered(facts: PullFacts, registry: Resolution & { kind: "refused" | "silent" }): PullPlan {
  if (facts.node) return { do: "keep" };
  const inTrouble = registry.kind === "silent" || registry.rateLimited;
  if (facts.lastKnown !== null && inTrouble) return { do: "pull", stale: true };
  if (facts.host && !facts.lends) return kept(registry.words);
  if (facts.host && !facts.pinned) return { do: "handover", thenPull: false, why: `no registry answers for it: ${registry.words}` };
  const pin = facts.host ? "; this machine has it, but a handed-over image has no registry digest and the recipe pins one" : "";
  return { do: "trouble", class: "image-pull", words: registry.words + pin };
}

function isSame(image: EngineImage, registry: Resolution & { kind: "found" }): boolean {
  return image.digests.includes(registry.digest) || image.id === registry.imageId;
}

/** An image that will take room, as far as its size is known. */
export interface Demand {
  /** Compressed layers that the node gets, for a pull. */
  readonly layers: readonly { readonly digest: string; readonly bytes: number }[];
  /** Unpacked bytes, for a hand-over. */
  readonly unpacked: number;
}

/** Layers unpack to about three times their compressed size; a hand-over is unpacked from a copy. */
const unpackFactor = 3;
const handOverFactor = 2;
/** What the app itself needs to start writing. */
const reserve = 512 * 1024 * 1024;

/** Bytes of free disk that the pulls need; layers that images share count once. `toCache`: compressed bytes that the cache does not hold yet. */
export function diskNeeded(demands: readonly Demand[], toCache: number): number {
  const layers = new Map(demands.flatMap((demand) => demand.layers.map((layer) => [layer.digest, layer.bytes] as const)));
  const pulled = [...layers.values()].reduce((sum, bytes) => sum + bytes, 0);
  const handed = demands.reduce((sum, demand) => sum + demand.unpacked, 0);
  return pulled * unpackFactor + toCache + handed * handOverFactor + (pulled + handed > 0 ? reserve : 0);
}
