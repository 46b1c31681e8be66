import type { EdgeAddress } from "../context.ts";
import { CookieJar } from "./cookies.ts";
import { type Visit, nextVisit } from "./redirect.ts";
import { requestThroughEdge } from "./request.ts";

export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** URLSearchParams is sent as a form; a plain object or array as JSON. */
  readonly body?: string | Uint8Array | URLSearchParams | Record<string, unknown> | readonly unknown[];
  /** `manual`: the redirect itself is the answer. */
  readonly redirect?: "follow" | "manual";
  /** For each request, milliseconds; 10 s unless told. */
  readonly timeoutMs?: number;
}

/** What a visitor got in the end. */
export interface AppResponse {
  /** Of the last request. */
  readonly url: string;
  readonly status: number;
  /** 200 to 299. */
  readonly ok: boolean;
  readonly headers: Headers;
  /** Addresses that were redirected from, in order. */
  readonly redirects: readonly string[];
  text(): string;
  /** @throws SyntaxError that shows the beginning of what came instead of JSON */
  json(): unknown;
  bytes(): Uint8Array;
}

const mostRedirects = 10;

/** Someone who visits the app as people do: through the edge, over TLS, with cookies. */
export class Visitor {
  readonly cookies = new CookieJar();
  readonly #edge: EdgeAddress;
  readonly #url: string;

  /** @param url the app's own, `https://<domain>` */
  constructor(edge: EdgeAddress, url: string) {
    this.#edge = edge;
    this.#url = url;
  }

  /**
   * Asks for a page of the app and follows redirects on its own domain.
   * @param path `/path?query`, or a full address on the app's domain
   * @throws Error for an address elsewhere, a wrong certificate, no answer in time, over 10 redirects. A bad status is an answer, not an error
   */
  async fetch(path: string, init: FetchInit = {}): Promise<AppResponse> {
    const own = new URL(this.#url);
    const url = new URL(path, own);
    if (url.hostname !== own.hostname) throw new Error(`app.fetch(${path}): not on the app's domain ${own.hostname}`);
    let visit: Visit = { method: init.method ?? "GET", url, ...bodyOf(init) };
    const redirects: string[] = [];
    for (;;) {
      const cookie = this.cookies.header(visit.url, Date.now());
      const answer = await requestThroughEdge(this.#edge, visit, { ...visit.headers, ...(cookie === null ? {} : { cookie }) }, init.timeoutMs ?? 10_000);
      this.cookies.keep(visit.url, answer.headers.getSetCookie(), Date.now());
      const next = init.redirect === "manual" ? null : nextVisit(visit, answer.status, answer.headers.get("location"));
      if (!next) return responseOf(visit, answer, redirects);
      redirects.push(visit.url.href);
      if (redirects.length > mostRedirects) throw new Error(`app.fetch(${path}): over ${mostRedirects} redirects: ${redirects.slice(-4).join(" -> ")}`);
      visit = next;
    }
  }
}

function bodyOf(init: FetchInit): Pick<Visit, "headers" | "body"> {
  const { body } = init;
  const type = (value: string): Record<string, string> =>
    Object.keys(init.headers ?? {}).some((name) => name.toLowerCase() === "content-type") ? {} : { "content-type": value };
  if (body === undefined) return { headers: init.headers ?? {}, body: null };
  if (body instanceof Uint8Array) return withLength(body, { ...init.headers });
  if (typeof body === "string") return withLength(Buffer.from(body), { ...init.headers });
  if (body instanceof URLSearchParams) return withLength(Buffer.from(body.toString()), { ...type("application/x-www-form-urlencoded"), ...init.headers });
  return withLength(Buffer.from(JSON.stringify(body)), { ...type("application/json"), ...init.headers });
}

function withLength(body: Uint8Array, headers: Record<string, string>): Pick<Visit, "headers" | "body"> {
  return { headers: { ...headers, "content-length": String(body.length) }, body };
}

function responseOf(visit: Visit, answer: { status: number; headers: Headers; body: Buffer }, redirects: readonly string[]): AppResponse {
  const text = () => answer.body.toString("utf8");
  return {
    url: visit.url.href,
    status: answer.status,
    ok: answer.status >= 200 && answer.status < 300,
    headers: answer.headers,
    redirects,
    text,
    json: () => {
      try {
        return JSON.parse(text()) as unknown;
      } catch (error) {
        throw new SyntaxError(`${visit.url.href}: status ${answer.status}, not JSON: ${text().slice(0, 200)}`, { cause: error });
      }
    },
    bytes: () => new Uint8Array(answer.body),
  };
}
