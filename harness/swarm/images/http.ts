/** One HTTP request with hard limits, as streams. Knows what the host's docker trusts. */
import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";
import tls from "node:tls";

export interface SendOptions {
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers?: http.OutgoingHttpHeaders;
  /** For POST; not sent again after a redirect. */
  readonly body?: string;
  /** False: a redirect is the answer. A HEAD must not follow: storage signs its links for one method. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** How long until the answer's head must be there, milliseconds. */
  readonly answerWithinMs?: number;
  /** How long the connection may be silent after that, milliseconds. */
  readonly idleMs?: number;
}

const plainAgent = new http.Agent({ keepAlive: true, proxyEnv: process.env });
const tlsAgent = new https.Agent({ keepAlive: true, proxyEnv: process.env });
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows redirects (five at most), without its Authorization where the host changes.
 * The caller must read or destroy the body.
 * @throws Error with the network's words, or after `answerWithinMs`; the signal's reason when it aborts
 */
export async function send(url: URL, options: SendOptions): Promise<http.IncomingMessage> {
  let target = url;
  let headers = options.headers ?? {};
  for (let hops = 0; hops <= 5; hops++) {
    const answer = await once(target, { ...options, headers });
    const location = answer.headers.location;
    if (!redirects.has(answer.statusCode ?? 0) || !location || options.method === "POST" || options.follow === false) return answer;
    answer.resume();
    const next = new URL(location, target);
    if (next.protocol !== "http:" && next.protocol !== "https:") throw new Error(`${target.host} redirects to ${next.protocol}`);
    if (target.protocol === "https:" && next.protocol === "http:") throw new Error(`${target.host} redirects from https to http`);
    if (next.host !== target.host) headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
    target = next;
  }
  throw new Error(`${url.host} redirects more than five times`);
}

function once(url: URL, options: SendOptions): Promise<http.IncomingMessage> {
  options.signal?.throwIfAborted();
  const limit = options.answerWithinMs ?? 15_000;
  const secure = url.protocol === "https:";
  const extra = secure ? trustedByDocker(url.host) : [];
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(url, {
      method: options.method,
      headers: { "user-agent": "recipe-ci", ...options.headers },
      agent: secure ? tlsAgent : plainAgent,
      ...(extra.length > 0 ? { ca: [...tls.getCACertificates("default"), ...extra] } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const timer = setTimeout(() => request.destroy(new Error(`${url.host} did not answer within ${limit} ms`)), limit);
    request.on("response", (answer) => {
      clearTimeout(timer);
      const idle = options.idleMs ?? 60_000;
      answer.setTimeout(idle, () => answer.destroy(new Error(`${url.host} stopped sending for ${idle} ms`)));
      resolve(answer);
    });
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(options.signal?.aborted ? options.signal.reason : error);
    });
    request.end(options.body);
  });
}

/** A small body as text; longer than `limit` bytes is cut. */
export async function bodyText(answer: http.IncomingMessage, limit = 64 * 1024): Promise<string> {
  return (await bodyBytes(answer, limit, true)).toString("utf8");
}

/**
 * A body in memory.
 * @throws Error where it is longer than `limit` bytes, unless `cut`
 */
export async function bodyBytes(answer: http.IncomingMessage, limit: number, cut = false): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= limit) continue;
    answer.destroy();
    if (!cut) throw new Error(`an answer is longer than ${limit} bytes`);
    break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

const trusted = new Map<string, readonly string[]>();

/** What the host's docker was told to trust for a registry (`/etc/docker/certs.d/<host>/*.crt`): private registries work unchanged. */
function trustedByDocker(host: string): readonly string[] {
  const known = trusted.get(host);
  if (known) return known;
  const folder = join("/etc/docker/certs.d", host);
  const found = readCertificates(folder);
  trusted.set(host, found);
  return found;
}

function readCertificates(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".crt")).map((name) => readFileSync(join(folder, name), "utf8"));
  } catch {
    return [];
  }
}

/** The words of a network failure: Node hides them in `cause` or `errors`, or gives only a code. */
export function networkWords(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(networkWords).join("; ");
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
