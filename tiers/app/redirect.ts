/** One request of a visitor, before cookies are added. */
export interface Visit {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Where a browser would go after this answer; null where it stays: no redirect, none of this app's own, or an address that can't be read.
 * Another domain is never followed: what answers there says nothing about the app. Plain http on the own domain is taken as https, which
 * is where the edge sends it.
 */
export function nextVisit(visit: Visit, status: number, location: string | null): Visit | null {
  if (!redirects.has(status) || location === null || !URL.canParse(location, visit.url.href)) return null;
  const url = new URL(location, visit.url);
  if (url.hostname !== visit.url.hostname || !["http:", "https:"].includes(url.protocol)) return null;
  url.protocol = "https:";
  const becomesGet = status === 303 ? visit.method !== "HEAD" : (status === 301 || status === 302) && visit.method === "POST";
  if (!becomesGet) return { ...visit, url };
  const headers = Object.fromEntries(Object.entries(visit.headers).filter(([name]) => !name.toLowerCase().startsWith("content-")));
  return { method: "GET", url, headers, body: null };
}
