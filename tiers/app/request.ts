import { request } from "node:https";
import type { TLSSocket } from "node:tls";
import type { EdgeAddress } from "../context.ts";
import type { Visit } from "./redirect.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

const largest = 64 * 1024 * 1024;

/**
 * One request to the edge's address with the app's name in SNI and Host. The certificate has to be the app's own: signed by
 * the CA that is expected and valid for the name, which Traefik's default certificate never is.
 * @throws Error that says what was wrong: no connection, which certificate came instead, no answer within `timeoutMs`
 */
export function requestThroughEdge(edge: EdgeAddress, visit: Visit, headers: Record<string, string>, timeoutMs: number): Promise<RawAnswer> {
  const { hostname } = visit.url;
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new Error(`${visit.method} ${visit.url}: ${error.message}`, { cause: error }));
    const sent = request(
      {
        host: edge.address,
        // A port in the address is the visitor's; the edge's own may differ.
        port: visit.url.port === "" ? edge.httpsPort : Number(visit.url.port),
        servername: hostname,
        method: visit.method,
        path: visit.url.pathname + visit.url.search,
        headers: { host: visit.url.host, "accept-encoding": "identity", ...headers },
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        ...(edge.trust === "public" ? {} : { ca: edge.trust.ca }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let held = 0;
        response.on("data", (chunk: Buffer) => {
          held += chunk.length;
          if (held > largest) sent.destroy(new Error(`an answer of over ${largest} bytes`));
          else chunks.push(chunk);
        });
        response.on("error", fail);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: headersOf(response.rawHeaders), body: Buffer.concat(chunks) }));
      },
    );
    sent.on("error", (error) => fail(explained(error, sent.socket as TLSSocket | null, hostname, timeoutMs)));
    sent.end(visit.body ?? undefined);
  });
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < raw.length; index += 2) headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  return headers;
}

/** Codes with which Node refuses a certificate. */
const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/;

function explained(error: Error & { code?: string }, socket: TLSSocket | null, hostname: string, timeoutMs: number): Error {
  if (error.name === "AbortError" || error.name === "TimeoutError") return new Error(`no full answer within ${timeoutMs} ms`);
  if (!certificateCodes.test(error.code ?? "")) return error;
  const certificate = socket?.getPeerCertificate?.();
  const came = certificate?.subject ? `"${certificate.subject.CN ?? "no name"}" issued by "${certificate.issuer.CN ?? "no name"}"` : "one that could not be read";
  return new Error(`the edge does not show a certificate of its own for ${hostname} but ${came} (${error.message})`);
}
