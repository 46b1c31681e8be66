/**
 * Image references by docker's rules: default registry, `library/`, tag `latest`, ports, localhost, tag and digest. Pure.
 */
import { UsageError } from "../../base/errors.ts";

export interface Reference {
  /** As docker names the registry: `docker.io`, `quay.io`, `localhost:5000`. */
  readonly domain: string;
  /** Where its API answers: `registry-1.docker.io` for `docker.io`, else the domain. */
  readonly registryHost: string;
  /** Path in the registry: `library/nginx`. */
  readonly repository: string;
  /** Null only where a digest stands without a tag. */
  readonly tag: string | null;
  /** `sha256:...` where pinned. */
  readonly digest: string | null;
  /** What the registry is asked for: the digest where pinned, else the tag. */
  readonly target: string;
  /** As people write it, without docker.io and library/: `nginx`, `quay.io/keycloak/keycloak`. */
  readonly familiar: string;
}

const hub = "docker.io";
const hubAliases = new Set([hub, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);
const domainPattern = /^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(:[0-9]+)?$/;
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(/${component})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads an image reference as docker does.
 * @throws UsageError where docker would call it an invalid reference format
 */
export function parseReference(text: string): Reference {
  const bad = (what: string) => new UsageError(`image ${JSON.stringify(text)}`, what, "write it as [registry/]name[:tag][@sha256:digest]");
  if (text === "" || text !== text.trim()) throw bad("is empty or has spaces around it");
  const [named, digest, ...more] = text.split("@");
  if (!named || more.length > 0) throw bad("is no image reference");
  if (digest !== undefined && !digestPattern.test(digest)) throw bad("has a digest that is not sha256 with 64 hexadecimal digits");
  const { domain, rest } = splitDomain(named);
  if (!domainPattern.test(domain)) throw bad(`has a registry name that is none: ${domain}`);
  const colon = rest.lastIndexOf(":");
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? null : rest.slice(colon + 1);
  if (tag !== null && !tagPattern.test(tag)) throw bad("has a tag that is none");
  if (/[A-Z]/.test(path)) throw bad("has capitals in its name");
  if (!repositoryPattern.test(path) || path.length > 255) throw bad("is no image reference");
  const repository = domain === hub && !path.includes("/") ? `library/${path}` : path;
  const effectiveTag = tag ?? (digest === undefined ? "latest" : null);
  return {
    domain,
    registryHost: domain === hub ? "registry-1.docker.io" : domain,
    repository,
    tag: effectiveTag,
    digest: digest ?? null,
    target: digest ?? effectiveTag ?? "latest",
    familiar: domain === hub ? repository.replace(/^library\/(?=[^/]+$)/, "") : `${domain}/${repository}`,
  };
}

/** The first part is a registry only where it has a dot, a port, capitals, or is `localhost`. */
function splitDomain(named: string): { domain: string; rest: string } {
  const slash = named.indexOf("/");
  const first = slash === -1 ? "" : named.slice(0, slash);
  const isDomain = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  if (!isDomain) return { domain: hub, rest: named };
  return { domain: hubAliases.has(first) ? hub : first, rest: named.slice(slash + 1) };
}

/** `name:tag` or `name@digest`, in the form that docker lists it under. */
export function familiarRef(ref: Reference): string {
  return ref.tag === null ? `${ref.familiar}@${ref.digest}` : `${ref.familiar}:${ref.tag}`;
}

/** The registries that these images come from, each once. Images that are no references are left out: prepull names them. */
export function registryHostsOf(refs: readonly string[]): readonly string[] {
  return [...new Set(refs.flatMap((ref) => tryParse(ref)?.registryHost ?? []))];
}

/** The reference, or null where it is none. */
export function tryParse(text: string): Reference | null {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}
