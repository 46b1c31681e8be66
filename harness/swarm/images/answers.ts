/** What a registry's or an engine's words mean: not there, refused, or trouble. Pure. */
import { z } from "zod";

/** A registry's answer without its body's bytes. */
export interface RegistryAnswer {
  readonly status: number;
  /** The body, as text. */
  readonly body: string;
  /** Whether the answer carries `docker-distribution-api-version`. */
  readonly isRegistry: boolean;
}

/** How the request was allowed: no credentials at all, or with them. */
export interface Asked {
  readonly host: string;
  readonly repository: string;
  readonly withCredentials: boolean;
  /** A token server granted a token for this request, or the registry never asked for one. */
  readonly tokenGranted: boolean;
}

export type Refusal =
  /** The registry says that there is no such image, or none that the public may see. */
  | { readonly kind: "missing"; readonly words: string }
  /** The registry answered and will not give it: authorisation, rate limit. */
  | { readonly kind: "refused"; readonly words: string; readonly rateLimited: boolean }
  /** No answer that counts: the network, 5xx, something that is no registry. */
  | { readonly kind: "silent"; readonly words: string };

const errorsSchema = z.object({ errors: z.array(z.object({ code: z.string().default(""), message: z.string().default("") })).min(1) });
const missingCodes = new Set(["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"]);
const deniedCodes = new Set(["DENIED", "UNAUTHORIZED"]);

/** Reads an answer that is not a 200. */
export function classifyAnswer(answer: RegistryAnswer, asked: Asked): Refusal {
  const errors = errorCodes(answer.body);
  const words = `${asked.host} answered ${answer.status}${errors ? `: ${errorWords(answer.body)}` : ""}`;
  if (answer.status === 404) {
    const explicit = errors?.some((code) => missingCodes.has(code)) || (answer.isRegistry && !errors);
    return explicit ? { kind: "missing", words } : { kind: "silent", words: `${words} (that is not a registry's "not found")` };
  }
  if (answer.status === 401 || answer.status === 403) return classifyDenied(errors ?? [], words, asked);
  if (answer.status === 429) return { kind: "refused", words: `${words} (rate limit)`, rateLimited: true };
  return { kind: "silent", words };
}

/**
 * Docker Hub, ghcr.io and quay.io deny what does not exist, so that private names stay secret. Someone without credentials who
 * was given a token and is still denied sees what every operator of the recipe would see: no such image. With credentials
 * it may be the account; only Docker Hub's official images can't be private.
 */
function classifyDenied(codes: readonly string[], words: string, asked: Asked): Refusal {
  const denied = codes.some((code) => deniedCodes.has(code));
  const official = asked.host === "registry-1.docker.io" && asked.repository.startsWith("library/");
  if (denied && asked.tokenGranted && (official || !asked.withCredentials)) {
    return { kind: "missing", words: `${words} (it does not exist, or it is private and nobody is logged in to ${asked.host})` };
  }
  const remedy = asked.withCredentials ? "docker's credentials for it do not suffice" : `nobody is logged in: docker login ${asked.host}`;
  return { kind: "refused", words: `${words} (${remedy})`, rateLimited: false };
}

function errorCodes(body: string): readonly string[] | null {
  return parseErrors(body)?.map((error) => error.code.toUpperCase()) ?? null;
}

function errorWords(body: string): string {
  return (parseErrors(body) ?? []).map((error) => [error.code, error.message].filter(Boolean).join(" ")).join("; ");
}

function parseErrors(body: string): z.infer<typeof errorsSchema>["errors"] | null {
  try {
    return errorsSchema.safeParse(JSON.parse(body)).data?.errors ?? null;
  } catch {
    return null;
  }
}

export type PullTrouble = "image-missing" | "image-platform" | "image-pull" | "disk-full";

/** What an engine's words on a failed pull mean. Only the registry's explicit words make an image missing. */
export function classifyPullError(words: string): PullTrouble {
  if (/no space left on device|disk quota exceeded/i.test(words)) return "disk-full";
  if (/no matching manifest for /i.test(words)) return "image-platform";
  if (/manifest unknown|name unknown|manifest for .* not found/i.test(words)) return "image-missing";
  return "image-pull";
}
