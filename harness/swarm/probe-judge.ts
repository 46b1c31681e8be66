import type { IncomingHttpHeaders } from "node:http";

/** What one probe through the edge saw. Plain data. */
export type ProbeAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      /** The first 64 KB. */
      readonly body: string;
      /** own: the one that the edge is trusted for, valid for this domain. */
      readonly certificate: "own" | "default" | "untrusted";
      /** Why it is not trusted, or null. */
      readonly certificateError: string | null;
      /** The edge's own "there is no such router". */
      readonly edge404: boolean;
    }
  | { readonly kind: "error"; readonly error: string };

export type ProbeVerdict = { readonly ready: true } | { readonly ready: false; readonly saw: string };

/** Traefik answers so where no router matches. */
export function isEdge404(status: number, contentType: string | undefined, body: string): boolean {
  return status === 404 && (contentType ?? "").startsWith("text/plain") && body.trim() === "404 page not found";
}

/** Traefik answers so, in these very words, where nothing takes its connection; an app behind it that fails says more. */
export function isUnreached(answer: ProbeAnswer): boolean {
  if (answer.kind === "error" || answer.certificate !== "own") return false;
  return (answer.status === 502 && answer.body.trim() === "Bad Gateway") || (answer.status === 504 && answer.body.trim() === "Gateway Timeout");
}

/**
 * Whether a visitor would call this ready.
 * @param allowed status codes that count; without it 200 to 399. The edge's own 404 and a wrong certificate never count.
 */
export function judgeProbe(answer: ProbeAnswer, allowed?: readonly number[]): ProbeVerdict {
  if (answer.kind === "error") return { ready: false, saw: answer.error };
  if (answer.certificate !== "own") return { ready: false, saw: `HTTP ${answer.status} with a wrong certificate: ${answer.certificateError}` };
  if (answer.edge404) return { ready: false, saw: "Traefik's own 404: it knows no router for this domain" };
  const ready = allowed ? allowed.includes(answer.status) : answer.status >= 200 && answer.status < 400;
  return ready ? { ready } : { ready, saw: `HTTP ${answer.status}${titleOf(answer.body)}` };
}

function titleOf(body: string): string {
  const line = body.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim().slice(0, 80);
  return line ? `: ${line}` : "";
}
