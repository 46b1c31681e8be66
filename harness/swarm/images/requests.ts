/** What a request to a registry asks for. Pure. */

export type RegistryRequest =
  | { readonly kind: "ping" }
  | { readonly kind: "tag"; readonly repository: string; readonly tag: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly digest: string }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string }
  | { readonly kind: "other"; readonly path: string };

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repository = `${component}(?:/${component})*`;
const byDigest = new RegExp(`^/v2/(${repository})/(manifests|blobs)/(sha256:[0-9a-f]{64})$`);
const byTag = new RegExp(`^/v2/(${repository})/manifests/(\\w[\\w.-]{0,127})$`);

/** Reads a request's path; a name that could leave its folder is never one of the cached kinds. */
export function readRequest(path: string): RegistryRequest {
  if (path === "/v2/" || path === "/v2") return { kind: "ping" };
  const digest = byDigest.exec(path);
  if (digest) return { kind: digest[2] === "blobs" ? "blob" : "manifest", repository: digest[1]!, digest: digest[3]! };
  const tag = byTag.exec(path);
  if (tag) return { kind: "tag", repository: tag[1]!, tag: tag[2]! };
  return { kind: "other", path };
}

/** Where in content of `size` bytes a Range header starts; 0 without one, null where it is not a plain `bytes=N-`. */
export function rangeStart(header: string | undefined, size: number): number | null {
  if (header === undefined) return 0;
  const found = /^bytes=(\d+)-$/.exec(header);
  const start = found ? Number(found[1]) : Number.NaN;
  return start >= 0 && start < size ? start : null;
}

/** Registry hosts as they stand in CONNECT: without the port that TLS has anyway. */
export function registryName(authority: string): string {
  return authority.toLowerCase().replace(/:443$/, "");
}
