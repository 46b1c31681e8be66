interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly expiresAt: number;
}

/** The cookies of one visitor of one domain. Secure and HttpOnly are taken as given: every request is https and none is a script's. */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Takes in the `Set-Cookie` lines of an answer to `url`; `now` in milliseconds since the epoch. */
  keep(url: URL, setCookie: readonly string[], now: number): void {
    for (const line of setCookie) {
      const cookie = parse(line, url, now);
      if (!cookie) continue;
      const key = `${cookie.path} ${cookie.name}`;
      if (cookie.expiresAt <= now) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /** The `Cookie` header for a request to `url`, longer paths first; null where none fits. */
  header(url: URL, now: number): string | null {
    const fitting = [...this.#cookies.values()]
      .filter((cookie) => cookie.expiresAt > now && isBelow(url.pathname, cookie.path))
      .sort((a, b) => b.path.length - a.path.length);
    return fitting.length === 0 ? null : fitting.map((cookie) => `${cookie.name}=${cookie.value}`).join("; ");
  }

  /** The value of a cookie, whatever its path. */
  get(name: string): string | undefined {
    return [...this.#cookies.values()].find((cookie) => cookie.name === name)?.value;
  }

  clear(): void {
    this.#cookies.clear();
  }
}

function parse(line: string, url: URL, now: number): Cookie | null {
  const [pair = "", ...attributes] = line.split(";");
  const split = pair.indexOf("=");
  if (split < 1) return null;
  const given = new Map(attributes.map((attribute) => {
    const [name = "", ...rest] = attribute.split("=");
    return [name.trim().toLowerCase(), rest.join("=").trim()] as const;
  }));
  const path = given.get("path");
  return {
    name: pair.slice(0, split).trim(),
    value: pair.slice(split + 1).trim(),
    path: path?.startsWith("/") ? path : defaultPath(url),
    expiresAt: expiry(given.get("max-age"), given.get("expires"), now),
  };
}

function expiry(maxAge: string | undefined, expires: string | undefined, now: number): number {
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000;
  const at = expires === undefined ? NaN : Date.parse(expires);
  return Number.isNaN(at) ? Infinity : at;
}

function defaultPath(url: URL): string {
  return url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf("/")));
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || (path.startsWith(prefix) && (prefix.endsWith("/") || path[prefix.length] === "/"));
}
