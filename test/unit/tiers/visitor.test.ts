import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { edgeCertificate } from "../../../harness/swarm/certificates.ts";
import { Visitor } from "../../../tiers/app/visitor.ts";

/** An edge of its own, with a certificate for *.ci.test. */
const server = createServer();
let ca: string;
let port: number;
let seen: { host: string | undefined; cookie: string | undefined; method: string | undefined; body: string }[] = [];

beforeAll(async () => {
  const { ca: own, certificate, key } = await edgeCertificate("ci.test");
  ca = own;
  server.setSecureContext({ cert: certificate, key });
  server.on("request", (request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await request.toArray()).join("");
  seen.push({ host: request.headers.host, cookie: request.headers.cookie, method: request.method, body });
  const path = request.url ?? "";
  if (path === "/login") response.writeHead(302, { location: "http://app.ci.test/in", "set-cookie": ["s=1; Path=/", "t=2; Path=/other"] }).end();
  else if (path === "/away") response.writeHead(302, { location: "https://sso.ci.test/" }).end("away");
  else if (path === "/round") response.writeHead(302, { location: "/round" }).end();
  else if (path === "/half") response.writeHead(200, { "content-length": "100" }).write("half");
  else response.writeHead(200).end(`{"path":"${path}"}`);
}

function visitor(trust: { ca: string } | "public" = { ca }, domain = "app.ci.test"): Visitor {
  seen = [];
  return new Visitor({ address: "127.0.0.1", httpsPort: port, httpPort: port, trust }, `https://${domain}`);
}

test("asks the edge's address under the app's name, with cookies, and follows redirects on its own domain", async () => {
  const page = await visitor().fetch("/login", { method: "POST", body: new URLSearchParams({ a: "b c" }) });
  expect(page).toMatchObject({ url: "https://app.ci.test/in", status: 200, ok: true, redirects: ["https://app.ci.test/login"] });
  expect(page.json()).toEqual({ path: "/in" });
  expect(seen).toEqual([
    { host: "app.ci.test", cookie: undefined, method: "POST", body: "a=b+c" },
    { host: "app.ci.test", cookie: "s=1", method: "GET", body: "" },
  ]);
});

test("stays on its own domain", async () => {
  expect(await visitor().fetch("/away")).toMatchObject({ url: "https://app.ci.test/away", status: 302 });
  await expect(visitor().fetch("https://elsewhere.test/")).rejects.toThrow("not on the app's domain app.ci.test");
  expect(seen).toEqual([]);
});

test("shows a redirect itself where that is asked for, and gives up a round trip", async () => {
  expect(await visitor().fetch("/login", { redirect: "manual" })).toMatchObject({ status: 302, redirects: [] });
  await expect(visitor().fetch("/round")).rejects.toThrow("over 10 redirects");
});

test("incident 14: a certificate of another CA is refused, and the message says whose it is", async () => {
  await expect(visitor("public").fetch("/")).rejects.toThrow(/shows no certificate of app\.ci\.test's own but ".+" issued by ".+" \(UNABLE_TO/);
  const other = await edgeCertificate("ci.test");
  await expect(visitor({ ca: other.ca }).fetch("/")).rejects.toThrow("shows no certificate of app.ci.test's own");
  expect(seen).toEqual([]);
});

test("incident 14: a certificate for another name is refused", async () => {
  await expect(visitor({ ca }, "app.elsewhere.test").fetch("/")).rejects.toThrow("shows no certificate of app.elsewhere.test's own");
  expect(seen).toEqual([]);
});

test("an answer that does not end in time, a connection that nobody takes", async () => {
  await expect(visitor().fetch("/half", { timeoutMs: 200 })).rejects.toThrow("GET https://app.ci.test/half: no full answer within 200 ms");
  const nobody = new Visitor({ address: "127.0.0.1", httpsPort: 1, httpPort: 1, trust: "public" }, "https://app.ci.test");
  await expect(nobody.fetch("/")).rejects.toThrow("ECONNREFUSED");
});
