/** One image into the node as planned, with what is reported of it. */
import type Docker from "dockerode";
import type { ImageResult } from "../../../reports/results.ts";
import { messageOf } from "../../base/errors.ts";
import { type PullTrouble, classifyPullError } from "./answers.ts";
import type { ImageCache } from "./cache.ts";
import type { AuthConfig } from "./credentials.ts";
import { handOver, imageOn, pullImage } from "./engine.ts";
import type { PullPlan } from "./plan.ts";
import type { Reference } from "./reference.ts";
import type { Resolution } from "./registry.ts";

/** An image that was asked about and can be had. */
export interface Prepared {
  readonly image: { readonly ref: string; readonly service: string };
  readonly ref: Reference;
  readonly auth: AuthConfig | null;
  readonly registry: Resolution;
  readonly plan: PullPlan & { do: "keep" | "pull" | "handover" };
  /** Every layer was in the cache before anything moved. */
  readonly cached: boolean;
  /** Unpacked size on the host's engine; 0 where it has none. */
  readonly hostBytes: number;
}

export interface FetchContext {
  readonly node: Docker;
  readonly host: Docker | null;
  readonly cache: ImageCache | null;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface FetchFailure {
  readonly ref: string;
  readonly service: string;
  readonly class: PullTrouble;
  readonly words: string;
}

/** @throws the signal's reason; every other failure is returned */
export async function fetchImage(context: FetchContext, one: Prepared): Promise<ImageResult | FetchFailure> {
  const started = performance.now();
  try {
    const source = await bring(context, one);
    const there = await imageOn(context.node, one.ref, context.signal);
    if (!there) throw new Error("the engine took it and does not list it");
    const registryBytes = one.registry.kind === "found" ? one.registry.bytes : null;
    const resolved = one.registry.kind === "found" && there.own.includes(one.registry.digest) ? one.registry.digest : (there.own[0] ?? null);
    const digest = one.ref.digest ?? resolved;
    return { ref: one.image.ref, digest, bytes: source === "host" ? one.hostBytes : registryBytes, pullMs: Math.round(performance.now() - started), source };
  } catch (error) {
    context.signal.throwIfAborted();
    const words = messageOf(error);
    return { ...one.image, class: classifyPullError(words), words };
  }
}

async function bring(context: FetchContext, one: Prepared): Promise<ImageResult["source"]> {
  const { plan, ref } = one;
  if (plan.do === "keep") return "node";
  if (plan.do === "pull") return pullOrHandOver(context, one);
  await handOver(hostOf(context), context.node, ref, context);
  context.onProgress(`${one.image.ref} comes from this machine's engine: ${plan.why}`);
  if (plan.thenPull) await giveDigest(context, one);
  return "host";
}

/**
 * Layers are there by content: this pull only fetches manifests, and gives the image its registry digest. Where the node cannot
 * reach the registry (on loopback, say), a reference by tag runs without.
 */
async function giveDigest(context: FetchContext, one: Prepared): Promise<void> {
  try {
    await pullImage(context.node, one.ref, one.auth, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (one.ref.digest !== null) throw new Error(`handed over, but the recipe pins a digest and the node cannot get it: ${messageOf(error)}`, { cause: error });
    context.cache?.hide([one.ref]);
  }
}

/** A registry that answered a moment ago and fails the pull: once more, then what the host has. */
async function pullOrHandOver(context: FetchContext, one: Prepared): Promise<ImageResult["source"]> {
  try {
    return await pullFrom(context, one);
  } catch (error) {
    context.signal.throwIfAborted();
    if (classifyPullError(messageOf(error)) !== "image-pull") throw error;
    context.onProgress(`pulling ${one.image.ref} again: ${messageOf(error)}`);
  }
  try {
    return await pullFrom(context, one);
  } catch (error) {
    context.signal.throwIfAborted();
    if (classifyPullError(messageOf(error)) !== "image-pull" || one.hostBytes === 0 || one.ref.digest !== null) throw error;
    context.cache?.hide([one.ref]);
    await handOver(hostOf(context), context.node, one.ref, context);
    return "host";
  }
}

async function pullFrom(context: FetchContext, one: Prepared): Promise<"registry" | "cache"> {
  const taken = () => context.cache?.stats().blobs[`${one.ref.registryHost}/${one.ref.repository}`]?.outside ?? 0;
  const before = taken();
  await pullImage(context.node, one.ref, one.auth, context);
  if (one.registry.kind === "found") context.cache?.vouch(one.ref, [one.registry.imageId ?? [], one.registry.layers.map((layer) => layer.digest)].flat());
  return one.cached && taken() === before ? "cache" : "registry";
}

function hostOf(context: FetchContext): Docker {
  if (!context.host) throw new Error("there is no host engine to hand an image over");
  return context.host;
}
