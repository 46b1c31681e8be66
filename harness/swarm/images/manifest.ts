/** What is read of manifests, indexes and image configs. They come from outside: zod. Pure. */
import { z } from "zod";

const descriptor = z.object({ digest: z.string(), size: z.number().nonnegative(), mediaType: z.string().optional() });
const platform = z.object({ os: z.string(), architecture: z.string() });
const indexSchema = z.object({ manifests: z.array(descriptor.extend({ platform: platform.optional() })) });
const imageSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
const configSchema = z.object({ os: z.string(), architecture: z.string() });

/** `amd64`, `arm64`: Go's names; the operating system is linux. */
export type Architecture = string;

export type Manifest =
  | { readonly kind: "index"; readonly mediaType: string; readonly images: readonly { readonly digest: string; readonly architecture: string | null }[] }
  | { readonly kind: "image"; readonly mediaType: string; readonly config: string; readonly layers: readonly { readonly digest: string; readonly bytes: number }[] };

/** Everything that dockerd asks for. */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

/** A manifest or index, or null where the bytes are neither (schema 1, something else). */
export function readManifest(bytes: Buffer): Manifest | null {
  const json = parseJson(bytes);
  const named = z.object({ mediaType: z.string() }).safeParse(json).data?.mediaType;
  const index = indexSchema.safeParse(json).data;
  if (index) {
    const images = index.manifests
      .filter((entry) => entry.platform?.os === "linux" || entry.platform === undefined)
      .map((entry) => ({ digest: entry.digest, architecture: entry.platform?.architecture ?? null }));
    return { kind: "index", mediaType: named ?? manifestTypes[0], images };
  }
  const image = imageSchema.safeParse(json).data;
  if (!image) return null;
  const layers = image.layers.map((layer) => ({ digest: layer.digest, bytes: layer.size }));
  return { kind: "image", mediaType: named ?? manifestTypes[2], config: image.config.digest, layers };
}

/** The platform that an image config says, or null where it says none. */
export function readPlatform(bytes: Buffer): { readonly os: string; readonly architecture: Architecture } | null {
  return configSchema.safeParse(parseJson(bytes)).data ?? null;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
}
