import type { FrontPage } from "../context.ts";

/** What a front page needs to look right. */
export interface Assets {
  /** Address of the first stylesheet of the app's own, null where the page has none. */
  readonly stylesheet: string | null;
  readonly script: string | null;
}

/**
 * The first stylesheet and script that a page loads from its own domain. A reader of tags, not a browser: enough for the address in
 * an attribute, blind to what a script adds later.
 * @param pageUrl the page's address after redirects
 */
export function firstAssets(html: string, pageUrl: string): Assets {
  const page = withoutComments(html);
  const base = tags(page, "base").map((tag) => attribute(tag, "href")).find((href) => href !== null);
  const from = resolve(base ?? pageUrl, pageUrl) ?? new URL(pageUrl);
  const own = (address: string | null): string | null => {
    const url = address === null ? null : resolve(address, from.href);
    return url !== null && url.hostname === new URL(pageUrl).hostname && /^https?:$/.test(url.protocol) ? url.href : null;
  };
  const stylesheets = tags(page, "link").filter((tag) => /\bstylesheet\b/i.test(attribute(tag, "rel") ?? "") && !/\balternate\b/i.test(attribute(tag, "rel") ?? ""));
  return {
    stylesheet: first(stylesheets.map((tag) => own(attribute(tag, "href")))),
    script: first(tags(page, "script").map((tag) => own(attribute(tag, "src")))),
  };
}

function first(addresses: readonly (string | null)[]): string | null {
  return addresses.find((address) => address !== null) ?? null;
}

/** A comment that does not end is none. */
function withoutComments(html: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let start = html.indexOf("<!--"); start >= 0; start = html.indexOf("<!--", from)) {
    const end = html.indexOf("-->", start + 4);
    if (end < 0) break;
    parts.push(html.slice(from, start));
    from = end + 3;
  }
  return `${parts.join("")}${html.slice(from)}`;
}

/** Read by hand, not by one regular expression: on a page of tags that do not end that would begin anew at each of them. */
function tags(html: string, name: string): string[] {
  const found: string[] = [];
  const begin = new RegExp(`<${name}\\b`, "gi");
  const next = /[>"']/g;
  for (let tag = begin.exec(html); tag; tag = begin.exec(html)) {
    const end = endOfTag(html, next, begin.lastIndex);
    if (end === null) break;
    found.push(html.slice(tag.index, end));
    begin.lastIndex = end;
  }
  return found;
}

/** Behind the `>` that is in no quotes; null where there is none any more. */
function endOfTag(html: string, next: RegExp, from: number): number | null {
  next.lastIndex = from;
  for (let sign = next.exec(html); sign; sign = next.exec(html)) {
    if (sign[0] === ">") return next.lastIndex;
    const close = html.indexOf(sign[0], next.lastIndex);
    if (close < 0) return null;
    next.lastIndex = close + 1;
  }
  return null;
}

function attribute(tag: string, name: string): string | null {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i").exec(tag);
  const value = match?.[1] ?? match?.[2] ?? match?.[3];
  return value === undefined ? null : value.trim().replaceAll("&amp;", "&").replaceAll("&#038;", "&");
}

function resolve(address: string, from: string): URL | null {
  return URL.canParse(address, from) ? new URL(address, from) : null;
}

/** What is wrong with the front page that a visitor got, in words; an empty list is good. */
export function wrongPage(wanted: FrontPage, { url, status, text }: { readonly url: string; readonly status: number; text(): string }): string[] {
  const body = text();
  if (isTraefiksOwn(status, body)) return [`${url} is answered by Traefik itself: ${status} ${body.slice(0, 80)}`];
  return [
    ...(wanted.codes.includes(status) ? [] : [`${url} answers ${status}, which is not allowed`]),
    ...(wanted.text === null || body.includes(wanted.text) ? [] : [`${url} lacks the text ${JSON.stringify(wanted.text)}`]),
  ];
}

/** Traefik's own answer where no router or no server fits: never the app's page, whatever codes a recipe allows. */
export function isTraefiksOwn(status: number, body: string): boolean {
  const text = body.trim();
  return (status === 404 && text === "404 page not found") || (status === 503 && text === "no available server") || ([502, 504].includes(status) && ["Bad Gateway", "Gateway Timeout"].includes(text));
}
