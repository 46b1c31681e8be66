/** Where image bytes came from, by registry host and by repository. */

export interface Taken {
  /** Bytes of manifests, image configs and layers that came from a registry (or its stand-in). */
  outside: number;
  /** The same from the lasting cache. */
  cached: number;
}

export interface ImageCacheStats {
  /** By registry host. */
  readonly hosts: Readonly<Record<string, Taken>>;
  /** Layers and image configs alone, by `host/repository`. */
  readonly blobs: Readonly<Record<string, Taken>>;
  /** Bytes that went through blindly (token servers), by host; no image data. */
  readonly tunnelled: Readonly<Record<string, number>>;
  /** `host/repository:tag` answered from memory because the registry was silent or in trouble. */
  readonly stale: readonly string[];
}

export class Counter {
  readonly #hosts = new Map<string, Taken>();
  readonly #blobs = new Map<string, Taken>();
  readonly #tunnelled = new Map<string, number>();
  readonly #stale = new Set<string>();

  count(from: keyof Taken, host: string, repository: string, isBlob: boolean, bytes: number): void {
    entry(this.#hosts, host)[from] += bytes;
    if (isBlob) entry(this.#blobs, `${host}/${repository}`)[from] += bytes;
  }

  tunnel(host: string, bytes: number): void {
    this.#tunnelled.set(host, (this.#tunnelled.get(host) ?? 0) + bytes);
  }

  stale(what: string): void {
    this.#stale.add(what);
  }

  /** A copy, for comparing before and after. */
  read(): ImageCacheStats {
    const copy = (map: Map<string, Taken>) => Object.fromEntries([...map].map(([name, taken]) => [name, { ...taken }]));
    return { hosts: copy(this.#hosts), blobs: copy(this.#blobs), tunnelled: Object.fromEntries(this.#tunnelled), stale: [...this.#stale] };
  }
}

function entry(map: Map<string, Taken>, name: string): Taken {
  const found = map.get(name) ?? { outside: 0, cached: 0 };
  map.set(name, found);
  return found;
}
