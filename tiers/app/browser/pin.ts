import { createHash } from "node:crypto";
import type { TierContext } from "../../context.ts";
import { certificateOf } from "../request.ts";

const timeoutMs = 10_000;

/**
 * The key of the app's own certificate as Chromium's --ignore-certificate-errors-spki-list wants it: a browser has no place for the
 * CA of a single run. Who signed the certificate, and for which name, is checked here, before the browser is told to take this key and no other.
 * @returns null where the certificate is publicly trusted: the browser checks that itself
 * @throws Error that says which certificate came instead
 */
export async function ownKeyPin({ url, edge }: Pick<TierContext, "url" | "edge">): Promise<string | null> {
  if (edge.trust === "public") return null;
  const certificate = await certificateOf(edge, new URL(url), timeoutMs);
  return createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" })).digest("base64");
}
