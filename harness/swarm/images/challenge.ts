/** Registry authorisation: what a 401 asks for, and the bearer-token dance. */
import { z } from "zod";
import type { AuthConfig } from "./credentials.ts";
import { bodyText, send } from "./http.ts";

export interface Challenge {
  readonly scheme: "basic" | "bearer";
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a Www-Authenticate header; null where it asks for neither Basic nor Bearer. Pure. */
export function parseChallenge(header: string | undefined): Challenge | null {
  const found = /^\s*(basic|bearer)\s*(.*)$/is.exec(header ?? "");
  if (!found) return null;
  const parameters = Object.fromEntries([...(found[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1]!.toLowerCase(), match[2]!]));
  return { scheme: found[1]!.toLowerCase() as Challenge["scheme"], parameters };
}

const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** What answering a challenge gave: a header, or the token server's refusal. */
export type Grant =
  | { readonly kind: "granted"; readonly authorization: string; readonly token: boolean }
  | { readonly kind: "denied"; readonly status: number; readonly body: string; readonly host: string };

/**
 * Answers a challenge with credentials, or as nobody where there are none.
 * @throws Error where the token server does not answer; the signal's reason when it aborts
 */
export async function answerChallenge(challenge: Challenge, repository: string, auth: AuthConfig | null, signal: AbortSignal): Promise<Grant | null> {
  const basic = auth?.password === undefined ? null : `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
  if (challenge.scheme === "basic") return basic === null ? null : { kind: "granted", authorization: basic, token: false };
  const { realm, service, scope } = challenge.parameters;
  if (!realm) throw new Error("a registry asks for a token and names no realm to get it from");
  const wanted = { ...(service ? { service } : {}), scope: scope ?? `repository:${repository}:pull` };
  const url = new URL(realm);
  const answer = auth?.identitytoken
    ? await send(url, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: refreshForm(wanted, auth.identitytoken), signal })
    : await send(withQuery(url, wanted), { method: "GET", headers: basic ? { authorization: basic } : {}, signal });
  const body = await bodyText(answer);
  if (answer.statusCode !== 200) return { kind: "denied", status: answer.statusCode ?? 0, body, host: url.host };
  const parsed = tokenSchema.parse(JSON.parse(body));
  const token = parsed.token ?? parsed.access_token;
  if (!token) throw new Error(`${url.host} answered without a token`);
  return { kind: "granted", authorization: `Bearer ${token}`, token: true };
}

function refreshForm(wanted: Record<string, string>, refresh: string): string {
  return new URLSearchParams({ ...wanted, grant_type: "refresh_token", client_id: "recipe-ci", refresh_token: refresh }).toString();
}

function withQuery(url: URL, query: Record<string, string>): URL {
  const full = new URL(url);
  for (const [name, value] of Object.entries(query)) full.searchParams.set(name, value);
  return full;
}
