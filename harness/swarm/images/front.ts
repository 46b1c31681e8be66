/**
 * Answers registry requests of nodes: content by digest from the cache or, once, from outside; tags only with the registry's word.
 *
 * Who may have cached content: a repository that was readable without credentials serves everybody; any other content is
 * served only after the registry accepted this request's own Authorization for it (a HEAD, remembered for five minutes).
 * So private images are not served while their registry is silent.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Counter } from "./stats.ts";
import { download, serveWhole } from "./download.ts";
import { networkWords, send } from "./http.ts";
import { manifestTypes, readManifest } from "./manifest.ts";
import { rangeStart, readRequest } from "./requests.ts";
import type { ImageStore } from "./store.ts";
import { type Upstreams, upstreamUrl } from "./upstream.ts";

export interface FrontOptions {
  readonly store: ImageStore;
  readonly upstreams: Upstreams;
  readonly counter: Counter;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Asks the registry as nobody whether a repository is public. */
  readonly askPublic: (host: string, repository: string, digest: string) => Promise<boolean | null>;
  /** `host/repository:tag` that the node must take for unknown: a handed-over image stands for it. */
  readonly hidden: ReadonlySet<string>;
}

interface Wanted {
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
  readonly kind: "manifest" | "blob";
}

const rememberMs = 5 * 60_000;
const manifestLimit = 8 * 1024 * 1024;

export class RegistryFront {
  readonly #o: FrontOptions;
  readonly #accepted = new Map<string, number>();
  readonly #claims = new Map<string, Promise<void>>();
  readonly #answering = new Set<Promise<void>>();
  readonly #background = new Set<Promise<void>>();

  constructor(options: FrontOptions) {
    this.#o = options;
  }

  /** Answers one request; never throws. */
  handle(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
    const answering = this.#answer(request, response, host);
    this.#answering.add(answering);
    return answering.finally(() => this.#answering.delete(answering));
  }

  /** Waits until no request is being answered; whoever calls it has ended their connections. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#answering, ...this.#background]);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
    try {
      await this.#route(request, response, host);
    } catch (error) {
      this.#o.log(`image cache: ${request.method} ${host}${request.url}: ${networkWords(error)}`);
      if (response.headersSent) response.destroy();
      else sayError(response, 503, "UNAVAILABLE", `${host} did not answer: ${networkWords(error)}`);
    }
  }

  /** Work that nobody waits for but `settle`. Its failure costs later runs, never this one. */
  beside(work: Promise<void>): void {
    const quiet = work.catch(() => {});
    this.#background.add(quiet);
    void quiet.finally(() => this.#background.delete(quiet));
  }

  /** Waits for what goes on beside requests. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#background);
  }

  async #route(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") return sayError(response, 405, "UNSUPPORTED", "the image cache only reads");
    const wanted = readRequest((request.url ?? "").replace(/\?.*$/, ""));
    switch (wanted.kind) {
      case "ping": return this.#ping(request, response, host);
      case "tag": return this.#tag(request, response, host, wanted.repository, wanted.tag);
      case "manifest":
      case "blob": return this.#content(request, response, { host, repository: wanted.repository, digest: wanted.digest, kind: wanted.kind });
      case "other": return sayError(response, 404, "UNSUPPORTED", "the image cache serves manifests and blobs");
    }
  }

  /** A silent registry is answered for: what is public and known can still be served. */
  async #ping(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
    let answer: IncomingMessage;
    try {
      answer = await this.#send(request, upstreamUrl(host, "", "", this.#o.upstreams), "GET");
    } catch (error) {
      this.#o.log(`image cache: ${host} is silent: ${networkWords(error)}`);
      response.writeHead(200, { "content-type": "application/json", "docker-distribution-api-version": "registry/2.0" }).end("{}");
      return;
    }
    await relay(answer, response);
  }

  async #tag(request: IncomingMessage, response: ServerResponse, host: string, repository: string, tag: string): Promise<void> {
    const name = `${host}/${repository}:${tag}`;
    if (this.#o.hidden.has(name)) return sayError(response, 404, "MANIFEST_UNKNOWN", "an image handed over from the host stands for it");
    const url = upstreamUrl(host, repository, `manifests/${tag}`, this.#o.upstreams);
    const takesIndexes = manifestTypes.slice(0, 2).some((type) => request.headers.accept?.includes(type));
    if (!takesIndexes) return relay(await this.#send(request, url, methodOf(request)), response);
    const answer = await this.#send(request, url, "HEAD").catch((error: unknown) => error as Error);
    const status = answer instanceof Error ? 0 : (answer.statusCode ?? 0);
    if (!(answer instanceof Error)) answer.resume();
    if (status === 0 || status === 429 || status >= 500) {
      if (await this.#stale(request, response, host, repository, tag)) return;
      if (answer instanceof Error) throw answer;
    }
    const digest = answer instanceof Error ? undefined : answer.headers["docker-content-digest"];
    if (status !== 200 || typeof digest !== "string" || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
      return relay(await this.#send(request, url, methodOf(request)), response);
    }
    await this.#o.store.setTag(host, repository, tag, digest);
    await this.#learn(request, { host, repository, digest, kind: "manifest" });
    await this.#content(request, response, { host, repository, digest, kind: "manifest" });
  }

  async #stale(request: IncomingMessage, response: ServerResponse, host: string, repository: string, tag: string): Promise<boolean> {
    const { store } = this.#o;
    const digest = await store.tag(host, repository, tag);
    if (digest === null || !(await store.isPublic(host, repository)).ever || (await store.size(digest)) === null) return false;
    this.#o.counter.stale(`${host}/${repository}:${tag}`);
    await this.#content(request, response, { host, repository, digest, kind: "manifest" });
    return true;
  }

  async #content(request: IncomingMessage, response: ServerResponse, wanted: Wanted): Promise<void> {
    const url = upstreamUrl(wanted.host, wanted.repository, `${wanted.kind}s/${wanted.digest}`, this.#o.upstreams);
    // Whoever asks while another request fetches the same content waits for it, and fetches only where that failed.
    const release = await this.#claim(`${wanted.host}/${wanted.repository}@${wanted.digest}`);
    try {
      if ((await this.#o.store.size(wanted.digest)) !== null) {
        release();
        const refused = (await this.#mayHave(request, wanted)) ? null : await this.#askLeave(request, url, wanted);
        if (refused) return await relay(refused, response);
        if (await this.#serve(request, response, wanted)) return;
      }
      if (request.method === "HEAD" || request.headers.range) {
        release();
        return await this.#passOn(request, response, url, wanted);
      }
      await this.#fetch(request, response, url, wanted);
    } finally {
      release();
    }
  }

  async #claim(key: string): Promise<() => void> {
    while (this.#claims.has(key)) await this.#claims.get(key);
    const claim = Promise.withResolvers<void>();
    this.#claims.set(key, claim.promise);
    return () => {
      if (this.#claims.get(key) === claim.promise) this.#claims.delete(key);
      claim.resolve();
    };
  }

  /** Asks the registry whether this request may have cached content; its refusal, or null. A redirect to storage is a yes. */
  async #askLeave(request: IncomingMessage, url: URL, wanted: Wanted): Promise<IncomingMessage | null> {
    const answer = await this.#send(request, url, "HEAD", false);
    const status = answer.statusCode ?? 0;
    if (status !== 200 && (status < 300 || status >= 400)) return answer;
    answer.resume();
    await this.#learn(request, wanted);
    return null;
  }

  /** Uncached: heads, and the rest of a torn download. */
  async #passOn(request: IncomingMessage, response: ServerResponse, url: URL, wanted: Wanted): Promise<void> {
    const answer = await this.#send(request, url, methodOf(request));
    answer.on("data", (chunk: Buffer) => this.#count("outside", wanted, chunk.length));
    await relay(answer, response);
  }

  async #fetch(request: IncomingMessage, response: ServerResponse, url: URL, wanted: Wanted): Promise<void> {
    const answer = await this.#send(request, url, "GET");
    if (answer.statusCode !== 200) return relay(answer, response);
    response.writeHead(200, keptHeaders(answer, wanted));
    await download(answer, response, await this.#o.store.writer(wanted.digest), (bytes) => this.#count("outside", wanted, bytes));
    await this.#learn(request, wanted);
  }

  async #serve(request: IncomingMessage, response: ServerResponse, wanted: Wanted): Promise<boolean> {
    const { store } = this.#o;
    const size = await store.size(wanted.digest);
    if (size === null || (wanted.kind === "manifest" && size > manifestLimit)) return false;
    const start = request.method === "HEAD" ? 0 : rangeStart(request.headers.range, size);
    const type = wanted.kind === "blob" ? "application/octet-stream" : await this.#manifestType(wanted.digest);
    if (start === null || type === null) return false;
    const partial = start > 0 ? { "content-range": `bytes ${start}-${size - 1}/${size}` } : {};
    response.writeHead(start > 0 ? 206 : 200, {
      "content-type": type,
      "content-length": size - start,
      "docker-content-digest": wanted.digest,
      "docker-distribution-api-version": "registry/2.0",
      "accept-ranges": "bytes",
      ...partial,
    });
    if (request.method === "HEAD") {
      response.end();
      return true;
    }
    await (start > 0 ? pipeline(store.stream(wanted.digest, start), response) : serveWhole(store, wanted.digest, response));
    this.#count("cached", wanted, size - start);
    return true;
  }

  async #manifestType(digest: string): Promise<string | null> {
    const bytes = await this.#o.store.read(digest);
    return bytes ? (readManifest(bytes)?.mediaType ?? null) : null;
  }

  async #mayHave(request: IncomingMessage, wanted: Wanted): Promise<boolean> {
    const { store } = this.#o;
    if ((this.#accepted.get(acceptKey(request, wanted)) ?? 0) > Date.now()) return true;
    return (await store.isPublic(wanted.host, wanted.repository)).ever && store.isKnown(wanted.host, wanted.repository, wanted.digest);
  }

  /** The registry said yes: the content belongs to the repository; whether everybody may read that is asked once a day. */
  async #learn(request: IncomingMessage, wanted: Wanted): Promise<void> {
    const { store } = this.#o;
    await store.setKnown(wanted.host, wanted.repository, wanted.digest);
    this.#accepted.set(acceptKey(request, wanted), Date.now() + rememberMs);
    if (request.headers.authorization === undefined) return store.setPublic(wanted.host, wanted.repository, true);
    if (wanted.kind !== "manifest" || (await store.isPublic(wanted.host, wanted.repository)).fresh) return;
    this.beside(this.#askPublic(wanted));
  }

  async #askPublic(wanted: Wanted): Promise<void> {
    const answer = await this.#o.askPublic(wanted.host, wanted.repository, wanted.digest).catch(() => null);
    if (answer !== null) await this.#o.store.setPublic(wanted.host, wanted.repository, answer).catch(() => {});
  }

  #count(from: "outside" | "cached", wanted: Wanted, bytes: number): void {
    this.#o.counter.count(from, wanted.host, wanted.repository, wanted.kind === "blob", bytes);
  }

  #send(request: IncomingMessage, url: URL, method: "GET" | "HEAD", follow = true): Promise<IncomingMessage> {
    const { authorization, accept, range } = request.headers;
    const headers: OutgoingHttpHeaders = {
      ...(authorization ? { authorization } : {}),
      ...(accept ? { accept } : {}),
      ...(range && method === "GET" ? { range } : {}),
    };
    return send(url, { method, headers, follow, signal: this.#o.signal });
  }
}

function acceptKey(request: IncomingMessage, wanted: Wanted): string {
  return `${request.headers.authorization ?? ""} ${wanted.host}/${wanted.repository}@${wanted.digest}`;
}

function methodOf(request: IncomingMessage): "GET" | "HEAD" {
  return request.method === "HEAD" ? "HEAD" : "GET";
}

const relayed = ["content-type", "content-length", "content-range", "docker-content-digest", "docker-distribution-api-version", "www-authenticate", "retry-after", "ratelimit-limit", "ratelimit-remaining"];

async function relay(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.fromEntries(relayed.flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, answer.headers[name]]])));
  response.writeHead(answer.statusCode ?? 502, headers as OutgoingHttpHeaders);
  await pipeline(answer, response);
}

function keptHeaders(answer: IncomingMessage, wanted: Wanted): OutgoingHttpHeaders {
  const { "content-length": length, "content-type": type } = answer.headers;
  return {
    "content-type": type ?? "application/octet-stream",
    ...(length === undefined ? {} : { "content-length": length }),
    "docker-content-digest": wanted.digest,
    "docker-distribution-api-version": "registry/2.0",
  };
}

function sayError(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ errors: [{ code, message }] }));
}
