import { expect, describe, test } from "vitest";
import { CookieJar } from "../../../tiers/app/cookies.ts";
import { type Visit, nextVisit } from "../../../tiers/app/redirect.ts";
import { lineOf, lineReader } from "../../../tiers/rpc/framing.ts";

const visit = (over: Partial<Visit> = {}): Visit => ({ method: "GET", url: new URL("https://app.ci.test/a/b?c"), headers: {}, body: null, ...over });

describe("redirects", () => {
  test.each([
    ["relative", 302, "../install.php", "https://app.ci.test/install.php"],
    ["to http on the own domain", 301, "http://app.ci.test/x", "https://app.ci.test/x"],
    ["incident 22: to another domain: stays", 302, "https://sso.ci.test/login", null],
    ["to a domain that only begins alike: stays", 302, "https://app.ci.test.evil.org/", null],
    ["without a location", 302, null, null],
    ["with a location that is none", 302, "https://", null],
    ["to another scheme", 302, "ftp://app.ci.test/", null],
    ["no redirect", 201, "/x", null],
    ["not modified", 304, "/x", null],
  ])("%s", (_, status, location, to) => expect(nextVisit(visit(), status, location)?.url.href ?? null).toBe(to));

  test.each([
    ["POST", 302, "GET"],
    ["POST", 303, "GET"],
    ["POST", 307, "POST"],
    ["PUT", 302, "PUT"],
    ["PUT", 303, "GET"],
    ["HEAD", 303, "HEAD"],
  ])("%s and %d becomes %s", (method, status, becomes) => {
    const next = nextVisit(visit({ method, headers: { "content-type": "x", accept: "y" }, body: Buffer.from("z") }), status, "/n");
    expect(next?.method).toBe(becomes);
    expect(next?.body === null).toBe(becomes === "GET");
    expect(next?.headers).toEqual(becomes === "GET" ? { accept: "y" } : { "content-type": "x", accept: "y" });
  });
});

describe("cookies", () => {
  const url = new URL("https://app.ci.test/admin/login");
  test("are kept, replaced, sent by path, longest first", () => {
    const jar = new CookieJar();
    jar.keep(url, ["s=1; Path=/; HttpOnly", "t=a=b", "u=2; path=/admin/"], 0);
    jar.keep(url, ["s=3; Path=/"], 0);
    expect(jar.header(new URL("https://app.ci.test/admin/x"), 1)).toBe("u=2; t=a=b; s=3");
    expect(jar.header(new URL("https://app.ci.test/administrator"), 1)).toBe("s=3");
    expect(jar.get("t")).toBe("a=b");
  });
  test("end with their time, or when the app takes them back", () => {
    const jar = new CookieJar();
    jar.keep(url, ["a=1; Max-Age=10; Path=/", "b=1; Expires=Thu, 01 Jan 1970 00:00:05 GMT; Path=/", "c=1; Path=/"], 0);
    expect(jar.header(url, 4_000)).toBe("a=1; b=1; c=1");
    expect(jar.header(url, 6_000)).toBe("a=1; c=1");
    jar.keep(url, ["c=; Max-Age=0; Path=/"], 7_000);
    expect(jar.header(url, 11_000)).toBeNull();
  });
  test("a line that is none is left out", () => {
    const jar = new CookieJar();
    jar.keep(url, ["=x", "novalue", ""], 0);
    expect(jar.header(url, 0)).toBeNull();
  });
});

test("lines come whole, however they are cut, characters included", () => {
  const sent = Buffer.from(lineOf({ a: "é€😀" }) + lineOf([1]) + lineOf("x"));
  for (let size = 1; size <= sent.length; size++) {
    const lines: string[] = [];
    const read = lineReader((line) => lines.push(line));
    for (let at = 0; at < sent.length; at += size) read(sent.subarray(at, at + size));
    expect(lines).toEqual(['{"a":"é€😀"}', "[1]", '"x"']);
  }
});
