/** Where a registry's requests go: to itself, or to a stand-in (a seed registry on loopback). Pure. */

/** Registry host to base URL. Docker Hub is `registry-1.docker.io`. */
export type Upstreams = Readonly<Record<string, string>>;

const hub = "registry-1.docker.io";

/**
 * The URL that answers `/v2/<repository>/<rest>` of a registry; `repository` empty for `/v2/` itself.
 * A stand-in keeps Docker Hub's paths and puts other registries under their host name; one whose own host is the
 * registry's (`http://` for a registry without TLS) keeps the path.
 */
export function upstreamUrl(host: string, repository: string, rest: string, upstreams: Upstreams): URL {
  const base = upstreams[host] ?? `${isLoopback(host) ? "http" : "https"}://${host}`;
  const prefix = host === hub || new URL(base).host === host ? "" : `${host}/`;
  const path = repository === "" ? "" : `${prefix}${repository}/${rest}`;
  return new URL(`${base.replace(/\/$/, "")}/v2/${path}`);
}

/** Whether a stand-in answers for the registry: its "not found" is then not the registry's own. */
export function isStandIn(host: string, upstreams: Upstreams): boolean {
  const base = upstreams[host];
  return base !== undefined && new URL(base).host !== host;
}

/** docker itself speaks plain HTTP with registries on loopback; a throwaway node cannot reach them. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}
