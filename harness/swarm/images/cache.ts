/**
 * The lasting image cache: a proxy inside the build's own process. Nodes reach registries through it; what it knows it serves.
 *
 * Read in this order: front.ts (what is served from where), proxy.ts (how nodes reach it), store.ts (what is kept).
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import type { NodeShell } from "../types.ts";
import { openAuthority } from "./authority.ts";
import { RegistryFront } from "./front.ts";
import { Proxy, proxyUser } from "./proxy.ts";
import type { Reference } from "./reference.ts";
import { type Shelf, blobsForAll, readableByAll } from "./registry.ts";
import { Counter, type ImageCacheStats } from "./stats.ts";
import { ImageStore } from "./store.ts";
import type { Upstreams } from "./upstream.ts";

export interface ImageCacheOptions {
  /** The cache folder (`cacheDir()`); content goes to `images/` in it. Processes may share it. */
  readonly dir: string;
  readonly upstreams: Upstreams;
  /** Address to bind: the bridge's gateway, or loopback. */
  readonly listen: string;
  /** A kept run's node knows its proxy's port and token: give them again to serve it. Default: any port, a fresh token. */
  readonly port?: number;
  readonly token?: string;
  readonly log: (line: string) => void;
}

export interface ImageCache {
  readonly port: number;
  /** What nodes must say to be served; random, no registry credential. */
  readonly token: string;
  /** PEM of the CA that a node has to trust. */
  readonly ca: string;
  /** The proxy's URL as a node reaches it, token included. */
  url(address: string): string;
  /**
   * Environment for a node's dockerd: the proxy, and `caDir`, a folder of the node that holds `ca` as `recipe-ci.crt` before
   * dockerd starts. The system's own certificates stay trusted. /etc/docker/certs.d would not do: dockerd ignores it for docker.io.
   */
  environment(address: string, caDir: string): Readonly<Record<string, string>>;
  /** From now on requests to these registries (`quay.io`, `registry-1.docker.io`) are served; others are tunnelled unread. */
  intercept(hosts: readonly string[]): void;
  /** The registries served. */
  hosts(): readonly string[];
  /** Answers "unknown" for these from now on, so that a Swarm runs the handed-over image and not the registry's. */
  hide(refs: readonly Reference[]): void;
  /** What the last run knew of a tag whose content is public and here; null where nothing. */
  lastKnown(ref: Reference): Promise<string | null>;
  /** Sum of those digests' sizes (as the registry gives them) that are not here yet. */
  missingBytes(layers: readonly { readonly digest: string; readonly bytes: number }[]): Promise<number>;
  /**
   * Told after a pull. Layers that an engine had from another image were never asked for here; the registry is asked beside the
   * build whether they are public, so that a later run without the registry can have them.
   */
  vouch(ref: Reference, blobs: readonly string[]): void;
  readonly shelf: Shelf;
  stats(): ImageCacheStats;
  close(): Promise<void>;
}

/**
 * Starts the cache.
 * @throws UsageError where asked to listen everywhere; Error where the address cannot be bound or the folder not written
 */
export async function startImageCache(options: ImageCacheOptions): Promise<ImageCache> {
  if (["", "0.0.0.0", "::", "[::]"].includes(options.listen)) {
    throw new UsageError(`listen ${JSON.stringify(options.listen)}`, "would open the image cache to every network", "give the docker bridge's gateway, or 127.0.0.1");
  }
  const stop = new AbortController();
  const images = join(options.dir, "images");
  const store = new ImageStore(images);
  const authority = await openAuthority(join(images, "ca"));
  const counter = new Counter();
  const hidden = new Set<string>();
  const { upstreams, log } = options;
  const askPublic = (host: string, repository: string, digest: string) => readableByAll(host, repository, digest, { upstreams, signal: stop.signal });
  const front = new RegistryFront({ store, upstreams, counter, signal: stop.signal, log, askPublic, hidden });
  const token = options.token ?? randomBytes(24).toString("hex");
  const proxy = new Proxy({ front, authority, counter, token, log });
  const port = await proxy.listen(options.listen, options.port ?? 0);
  const url = (address: string) => `http://${proxyUser}:${token}@${address}:${port}`;
  return {
    port,
    token,
    ca: authority.ca,
    url,
    environment: (address, caDir) => ({ HTTP_PROXY: url(address), HTTPS_PROXY: url(address), NO_PROXY: direct, SSL_CERT_DIR: caDir }),
    intercept: (hosts) => proxy.intercept(hosts),
    hosts: () => proxy.hosts(),
    hide: (refs) => refs.forEach((ref) => hidden.add(`${ref.registryHost}/${ref.repository}:${ref.tag}`)),
    lastKnown: (ref) => lastKnown(store, ref),
    missingBytes: (layers) => missingBytes(store, layers),
    vouch: (ref, blobs) => front.beside(vouch(store, ref, blobs, { upstreams, signal: stop.signal })),
    shelf: shelfOf(store, counter),
    stats: () => counter.read(),
    close: async () => {
      await Promise.race([front.settle(), new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
      stop.abort(new Error("the image cache is closing"));
      await proxy.close();
      await front.drain();
    },
  };
}

/** Swarm's own traffic between nodes goes by address, and must not go through a proxy. */
const direct = "localhost,127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16";

async function lastKnown(store: ImageStore, ref: Reference): Promise<string | null> {
  if (!(await store.isPublic(ref.registryHost, ref.repository)).ever) return null;
  const digest = ref.digest ?? (await store.tag(ref.registryHost, ref.repository, ref.target));
  return digest !== null && (await store.size(digest)) !== null ? digest : null;
}

async function missingBytes(store: ImageStore, layers: readonly { digest: string; bytes: number }[]): Promise<number> {
  const sizes = await Promise.all(layers.map(async (layer) => ((await store.size(layer.digest)) === null ? layer.bytes : 0)));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

async function vouch(store: ImageStore, ref: Reference, blobs: readonly string[], outside: { upstreams: Upstreams; signal: AbortSignal }): Promise<void> {
  const { registryHost, repository } = ref;
  if (!(await store.isPublic(registryHost, repository)).ever) return;
  const known = await Promise.all(blobs.map((digest) => store.isKnown(registryHost, repository, digest)));
  const unknown = blobs.filter((_, index) => !known[index]);
  for await (const digest of blobsForAll(registryHost, repository, unknown, outside)) await store.setKnown(registryHost, repository, digest);
}

function shelfOf(store: ImageStore, counter: Counter): Shelf {
  return {
    read: (digest) => store.read(digest),
    keep: async (host, repository, digest, bytes) => {
      counter.count("outside", host, repository, false, bytes.length);
      await store.put(digest, bytes);
      await store.setKnown(host, repository, digest);
    },
  };
}

/**
 * Whether a program on the node gets an answer from a URL of this machine (`http://172.17.0.1:40123`); a host firewall may
 * drop it. Where not, the node has to go without the proxy.
 */
export async function reachableFrom(shell: NodeShell, url: string, options: { readonly signal: AbortSignal }): Promise<boolean> {
  const { hostname, port } = new URL(url);
  if (!/^[\w.:[\]-]+$/.test(hostname) || !/^\d+$/.test(port)) return false;
  const script = `exec 3<>/dev/tcp/${hostname.replace(/^\[|\]$/g, "")}/${port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && IFS= read -r -t 3 line <&3 && case $line in HTTP/*) exit 0;; esac; exit 1`;
  const result = await shell.exec(["bash", "-c", script], { timeoutMs: 5000, signal: options.signal });
  return result.exitCode === 0;
}
