/** Asks a registry about an image: its digest, its size for a platform, or the registry's real words. Pulls nothing. */
import type { IncomingMessage } from "node:http";
import { pause } from "../../base/wait.ts";
import { type Asked, type Refusal, classifyAnswer } from "./answers.ts";
import { type Grant, answerChallenge, parseChallenge } from "./challenge.ts";
import type { AuthConfig } from "./credentials.ts";
import { bodyBytes, bodyText, networkWords, send } from "./http.ts";
import { type Manifest, manifestTypes, readManifest, readPlatform } from "./manifest.ts";
import type { Reference } from "./reference.ts";
import { sha256 } from "./store.ts";
import { type Upstreams, upstreamUrl } from "./upstream.ts";

export interface Found {
  readonly kind: "found";
  /** What the reference stands for: an index's digest, where it is one. */
  readonly digest: string;
  /** Digest of the image config for the platform asked for (the engine's image id), or null where the platform is absent. */
  readonly imageId: string | null;
  readonly layers: readonly { readonly digest: string; readonly bytes: number }[];
  /** Sum of the compressed layers for the platform. */
  readonly bytes: number;
  /** Architectures that the image has; the one asked for is among them or `platformOk` is false. */
  readonly architectures: readonly string[];
  readonly platformOk: boolean;
}

export type Resolution = Found | Refusal;

/** Small content that may be kept: manifests and image configs by digest. */
export interface Shelf {
  /** Content that may be used for this repository without asking, or null. */
  read(digest: string): Promise<Buffer | null>;
  /** Told of content that came from outside. */
  keep(host: string, repository: string, digest: string, bytes: Buffer): Promise<void>;
}

export interface RegistryOptions {
  readonly upstreams: Upstreams;
  /** Go's name: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly shelf: Shelf | null;
  readonly signal: AbortSignal;
  /** Tries while a registry is silent; default 3. */
  readonly tries?: number;
  readonly answerWithinMs?: number;
}

const manifestLimit = 8 * 1024 * 1024;

/**
 * What the registry says about an image. A silent registry is asked again, a little later each time.
 * @throws the signal's reason when it aborts; nothing else
 */
export async function resolveImage(ref: Reference, auth: AuthConfig | null, options: RegistryOptions): Promise<Resolution> {
  const tries = options.tries ?? 3;
  for (let attempt = 1; ; attempt++) {
    const resolution = await resolveOnce(ref, auth, options);
    if (resolution.kind !== "silent" || attempt >= tries) return resolution;
    await pause(300 * 2 ** attempt, options.signal);
  }
}

type Outside = Pick<RegistryOptions, "upstreams" | "signal">;

/**
 * Whether someone without credentials may read a manifest; null while the registry does not say.
 * @throws the signal's reason when it aborts
 */
export async function readableByAll(host: string, repository: string, digest: string, outside: Outside): Promise<boolean | null> {
  try {
    await nobody(host, repository, outside).digestOf(digest);
    return true;
  } catch (error) {
    outside.signal.throwIfAborted();
    if (!(error instanceof Refused) || error.refusal.kind === "silent") return null;
    return error.refusal.kind === "refused" && error.refusal.rateLimited ? null : false;
  }
}

/**
 * Which of these blobs a repository shows to someone without credentials; up to the first trouble.
 * @throws the signal's reason when it aborts
 */
export async function* blobsForAll(host: string, repository: string, digests: readonly string[], outside: Outside): AsyncGenerator<string> {
  const session = nobody(host, repository, outside);
  try {
    for (const digest of digests) {
      await session.checkBlob(digest);
      yield digest;
    }
  } catch {
    outside.signal.throwIfAborted();
  }
}

function nobody(registryHost: string, repository: string, outside: Outside): Session {
  return new Session({ registryHost, repository }, null, { ...outside, architecture: "", shelf: null });
}

async function resolveOnce(ref: Reference, auth: AuthConfig | null, options: RegistryOptions): Promise<Resolution> {
  const session = new Session(ref, auth, options);
  try {
    return await describe(session, ref.target, options.architecture);
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof Refused) return error.refusal;
    return { kind: "silent", words: `${ref.registryHost}: ${networkWords(error)}` };
  }
}

async function describe(session: Session, target: string, architecture: string): Promise<Found> {
  const digest = await session.digestOf(target);
  const manifest = readManifest(await session.content("manifests", digest));
  const found = (architectures: readonly string[], image: (Manifest & { kind: "image" }) | null): Found => {
    const layers = image?.layers ?? [];
    const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
    return { kind: "found", digest, imageId: image?.config ?? null, layers, bytes, architectures, platformOk: image !== null };
  };
  if (!manifest) return { ...found([], null), platformOk: true };
  if (manifest.kind === "image") {
    const platform = readPlatform(await session.content("blobs", manifest.config));
    const fits = platform === null || (platform.os === "linux" && platform.architecture === architecture);
    return found(platform ? [platform.architecture] : [], fits ? manifest : null);
  }
  const architectures = [...new Set(manifest.images.flatMap((image) => image.architecture ?? []))].filter((name) => name !== "unknown");
  const entry = manifest.images.find((image) => image.architecture === architecture) ?? manifest.images.find((image) => image.architecture === null);
  const child = entry ? readManifest(await session.content("manifests", entry.digest)) : null;
  return found(architectures, child?.kind === "image" ? child : null);
}

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.words);
    this.refusal = refusal;
  }
}

/** Requests for one repository with one authorisation. */
class Session {
  readonly #ref: Pick<Reference, "registryHost" | "repository">;
  readonly #auth: AuthConfig | null;
  readonly #options: RegistryOptions;
  #grant: (Grant & { kind: "granted" }) | null = null;

  constructor(ref: Pick<Reference, "registryHost" | "repository">, auth: AuthConfig | null, options: RegistryOptions) {
    this.#ref = ref;
    this.#auth = auth;
    this.#options = options;
  }

  /** A HEAD is free of Docker Hub's rate limit; a GET only where the registry leaves the digest out. */
  async digestOf(target: string): Promise<string> {
    const answer = await this.#ask("HEAD", `manifests/${target}`);
    answer.resume();
    const digest = answer.headers["docker-content-digest"];
    if (typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
    const bytes = await bodyBytes(await this.#ask("GET", `manifests/${target}`), manifestLimit);
    const computed = sha256(bytes);
    await this.#options.shelf?.keep(this.#ref.registryHost, this.#ref.repository, computed, bytes);
    return computed;
  }

  /** @throws Refused where the registry does not show it; a redirect to storage is a yes */
  async checkBlob(digest: string): Promise<void> {
    (await this.#ask("HEAD", `blobs/${digest}`)).resume();
  }

  async content(kind: "manifests" | "blobs", digest: string): Promise<Buffer> {
    const kept = await this.#options.shelf?.read(digest);
    if (kept) return kept;
    const bytes = await bodyBytes(await this.#ask("GET", `${kind}/${digest}`), manifestLimit);
    if (sha256(bytes) !== digest) throw new Error(`what came for ${digest} is something else`);
    await this.#options.shelf?.keep(this.#ref.registryHost, this.#ref.repository, digest, bytes);
    return bytes;
  }

  /** @throws Refused where the answer is not a 200 */
  async #ask(method: "GET" | "HEAD", rest: string): Promise<IncomingMessage> {
    const first = await this.#send(method, rest);
    if (isYes(first)) return first;
    const challenge = first.statusCode === 401 && this.#grant === null ? parseChallenge(first.headers["www-authenticate"]) : null;
    if (!challenge) return this.#refuse(first, method, rest);
    const grant = await answerChallenge(challenge, this.#ref.repository, this.#auth, this.#options.signal);
    if (grant?.kind === "denied") {
      first.resume();
      throw new Refused(classifyAnswer({ status: grant.status, body: grant.body, isRegistry: true }, { ...this.#asked(), host: grant.host, tokenGranted: true }));
    }
    if (grant === null) return this.#refuse(first, method, rest);
    first.resume();
    this.#grant = grant;
    const second = await this.#send(method, rest);
    return isYes(second) ? second : this.#refuse(second, method, rest);
  }

  #send(method: "GET" | "HEAD", rest: string): Promise<IncomingMessage> {
    const { upstreams, signal, answerWithinMs } = this.#options;
    const headers = { accept: manifestTypes.join(", "), ...(this.#grant ? { authorization: this.#grant.authorization } : {}) };
    return send(upstreamUrl(this.#ref.registryHost, this.#ref.repository, rest, upstreams), {
      method, headers, signal, follow: method !== "HEAD" || !rest.startsWith("blobs/"), ...(answerWithinMs === undefined ? {} : { answerWithinMs }),
    });
  }

  /** An answer to HEAD has no words: they are fetched. */
  async #refuse(answer: IncomingMessage, method: "GET" | "HEAD", rest: string): Promise<never> {
    let said = answer;
    if (method === "HEAD") {
      answer.resume();
      said = await this.#send("GET", rest);
    }
    const isRegistry = said.headers["docker-distribution-api-version"] !== undefined;
    const status = said.statusCode === 200 ? (answer.statusCode ?? 0) : (said.statusCode ?? 0);
    throw new Refused(classifyAnswer({ status, body: await bodyText(said), isRegistry }, this.#asked()));
  }

  #asked(): Asked {
    return {
      host: this.#ref.registryHost,
      repository: this.#ref.repository,
      withCredentials: this.#auth !== null,
      tokenGranted: this.#grant?.token === true,
    };
  }
}

/** Only a HEAD of a blob is left unfollowed. */
function isYes(answer: IncomingMessage): boolean {
  return answer.statusCode === 200 || (answer.statusCode !== undefined && answer.statusCode >= 300 && answer.statusCode < 400);
}
