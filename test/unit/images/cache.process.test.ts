import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ImageCache, startImageCache } from "../../../harness/swarm/images/cache.ts";
import { parseReference } from "../../../harness/swarm/images/reference.ts";
import { get, tunnel } from "./through-proxy.ts";
import { type TinyRegistry, basicOf, tinyRegistry } from "./tiny-registry.ts";

const host = "registry.example.test";
const user = { user: "maintainer", password: "s3cret-word" };
let dir: string;
let outside: TinyRegistry;
const open: ImageCache[] = [];
/** What a client says of an answer that ends early. */
const cutOff = /aborted|socket hang up|ECONNRESET/;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "recipe-ci-cache-"));
  outside = await tinyRegistry();
});
afterEach(async () => {
  for (const cache of open.splice(0)) await cache.close();
  await outside.close();
  await rm(dir, { recursive: true });
});

async function cacheFor(registry = host): Promise<ImageCache> {
  const cache = await startImageCache({ dir, upstreams: { [registry]: outside.url }, listen: "127.0.0.1", log: () => {} });
  open.push(cache);
  cache.intercept([registry]);
  return cache;
}

/** What a node asks for: tag, config, layer. The stand-in has other registries' paths under their host name. */
async function pull(cache: ImageCache, image: { config: string; layer: string }, headers: Record<string, string> = {}): Promise<number[]> {
  const tag = await get(cache, host, "/v2/team/app/manifests/1", headers);
  const config = await get(cache, host, `/v2/team/app/blobs/${image.config}`, headers);
  const layer = await get(cache, host, `/v2/team/app/blobs/${image.layer}`, headers);
  return [tag.status, config.status, layer.status];
}

test("the second run of another process takes nothing from outside", async () => {
  const layer = randomBytes(300_000);
  const image = outside.add(`${host}/team/app:1`, layer);
  const first = await cacheFor();
  expect(await pull(first, image)).toEqual([200, 200, 200]);
  expect(first.stats().hosts[host]!.outside).toBeGreaterThan(300_000);
  expect(first.stats().hosts[host]!.cached).toBe(0);
  const second = await cacheFor();
  expect(await pull(second, image)).toEqual([200, 200, 200]);
  expect(second.stats().hosts[host]!.outside).toBe(0);
  expect((await get(second, host, `/v2/team/app/blobs/${image.layer}`)).body.equals(layer)).toBe(true);
});

test("Docker Hub's paths stay as they are", async () => {
  outside.add("library/nginx:1.27", Buffer.from("layer"));
  const cache = await cacheFor("registry-1.docker.io");
  expect((await get(cache, "registry-1.docker.io", "/v2/library/nginx/manifests/1.27")).status).toBe(200);
});

test("a tag is asked for each time: a moved tag is seen", async () => {
  outside.add(`${host}/team/app:1`, Buffer.from("old"));
  const cache = await cacheFor();
  await get(cache, host, "/v2/team/app/manifests/1");
  const moved = outside.add(`${host}/team/app:1`, Buffer.from("new"));
  expect((await get(cache, host, "/v2/team/app/manifests/1")).headers["docker-content-digest"]).toBe(moved.manifest);
});

test("a silent registry: the last known public content is served and called stale", async () => {
  const image = outside.add(`${host}/team/app:1`, Buffer.from("layer"));
  await pull(await cacheFor(), image);
  await outside.close();
  const cache = await cacheFor();
  expect((await get(cache, host, "/v2/")).status).toBe(200);
  expect(await pull(cache, image)).toEqual([200, 200, 200]);
  expect(cache.stats().stale).toEqual([`${host}/team/app:1`]);
  const unknown = await get(cache, host, "/v2/team/other/manifests/1");
  expect(unknown.status).toBe(503);
  expect(unknown.body.toString()).toContain("did not answer");
});

test.each([429, 500, 503])("a registry that answers %i serves the last known tag; an unknown one gets the answer", async (status) => {
  const image = outside.add(`${host}/team/app:1`, Buffer.from("layer"));
  const cache = await cacheFor();
  await pull(cache, image);
  outside.manners = { status, body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}' };
  expect((await get(cache, host, "/v2/team/app/manifests/1")).status).toBe(200);
  const unknown = await get(cache, host, "/v2/team/app/manifests/2");
  expect([unknown.status, unknown.body.toString()]).toEqual([status, outside.manners.body]);
});

test("private content is served only to whom the registry lets, and to nobody while it is silent", async () => {
  outside.manners = { auth: { kind: "basic", ...user } };
  const image = outside.add(`${host}/team/app:1`, Buffer.from("private"));
  const authorization = basicOf(user);
  expect(await pull(await cacheFor(), image, { authorization })).toEqual([200, 200, 200]);
  const cache = await cacheFor();
  expect(await pull(cache, image)).toEqual([401, 401, 401]);
  expect(await pull(cache, image, { authorization: basicOf({ user: "other", password: "wrong-word" }) })).toEqual([401, 401, 401]);
  expect(await pull(cache, image, { authorization })).toEqual([200, 200, 200]);
  expect(cache.stats().hosts[host]!.outside).toBe(0);
  await outside.close();
  const offline = await cacheFor();
  expect(await pull(offline, image, { authorization })).toEqual([503, 503, 503]);
});

test("an anonymous token's repository is found to be public and is served offline", async () => {
  outside.manners = { auth: { kind: "anonymous-token", ...user } };
  const image = outside.add(`${host}/team/app:1`, Buffer.from("layer"));
  const online = await cacheFor();
  expect(await pull(online, image, { authorization: "Bearer anonymous" })).toEqual([200, 200, 200]);
  await online.close();
  await outside.close();
  const offline = await cacheFor();
  expect(await pull(offline, image)).toEqual([200, 200, 200]);
});

test("another repository does not give out what is cached for a private one", async () => {
  outside.manners = { auth: { kind: "basic", ...user } };
  const image = outside.add(`${host}/team/app:1`, Buffer.from("private"));
  const cache = await cacheFor();
  await pull(cache, image, { authorization: basicOf(user) });
  expect((await get(cache, host, `/v2/other/repo/blobs/${image.layer}`)).status).toBe(401);
});

test("storage on another host never sees the Authorization", async () => {
  outside.manners = { auth: { kind: "basic", ...user }, redirect: outside.host.replace("127.0.0.1", "localhost") };
  const image = outside.add(`${host}/team/app:1`, Buffer.from("layer"));
  const cache = await cacheFor();
  expect(await pull(cache, image, { authorization: basicOf(user) })).toEqual([200, 200, 200]);
  expect(outside.storageAuthorizations).toEqual([undefined, undefined]);
});

test.each([{ tear: true }, { corrupt: true }])("a bad download reaches no reader whole and is not kept: %o", async (manners) => {
  const layer = randomBytes(400_000);
  const image = outside.add(`${host}/team/app:1`, layer);
  const cache = await cacheFor();
  outside.manners = manners;
  await expect(get(cache, host, `/v2/team/app/blobs/${image.layer}`)).rejects.toThrow(cutOff);
  outside.manners = {};
  const again = await get(cache, host, `/v2/team/app/blobs/${image.layer}`);
  expect(again.body.equals(layer)).toBe(true);
  const kept = await readdir(join(dir, "images/blobs/sha256", image.layer.slice(7, 9)));
  expect(kept).toEqual([image.layer.slice(7)]);
});

test("the rest of a torn download is served from the cache", async () => {
  const layer = randomBytes(1000);
  const image = outside.add(`${host}/team/app:1`, layer);
  const cache = await cacheFor();
  await pull(cache, image);
  const rest = await get(cache, host, `/v2/team/app/blobs/${image.layer}`, { range: "bytes=400-" });
  expect([rest.status, rest.headers["content-range"]]).toEqual([206, "bytes 400-999/1000"]);
  expect(rest.body.equals(layer.subarray(400))).toBe(true);
});

test("content that the disk damaged is dropped and fetched anew", async () => {
  const image = outside.add(`${host}/team/app:1`, Buffer.from("the layer"));
  const cache = await cacheFor();
  await pull(cache, image);
  await writeFile(join(dir, "images/blobs/sha256", image.layer.slice(7, 9), image.layer.slice(7)), "THE LAYER");
  await expect(get(cache, host, `/v2/team/app/blobs/${image.layer}`)).rejects.toThrow(cutOff);
  expect((await get(cache, host, `/v2/team/app/blobs/${image.layer}`)).body.toString()).toBe("the layer");
});

test("two at once fetch once", async () => {
  const image = outside.add(`${host}/team/app:1`, randomBytes(2_000_000));
  const cache = await cacheFor();
  const path = `/v2/team/app/blobs/${image.layer}`;
  const bodies = await Promise.all([get(cache, host, path), get(cache, host, path), get(cache, host, path)]);
  expect(bodies.map((got) => got.body.length)).toEqual([2_000_000, 2_000_000, 2_000_000]);
  expect(outside.asked.filter((line) => line.startsWith("GET") && line.includes(image.layer))).toHaveLength(1);
});

test("a handed-over image's tag is unknown to the node", async () => {
  outside.add(`${host}/team/app:1`, Buffer.from("layer"));
  const cache = await cacheFor();
  cache.hide([parseReference(`${host}/team/app:1`)]);
  expect((await get(cache, host, "/v2/team/app/manifests/1")).status).toBe(404);
});

test("without the build's token there is no proxy, and no tunnel leads to this machine's loopback", async () => {
  const cache = await cacheFor();
  expect((await tunnel(cache, `${host}:443`, "wrong")).status).toBe(407);
  expect((await tunnel(cache, outside.host)).status).toBe(502);
  expect((await tunnel(cache, outside.host.replace("127.0.0.1", "localhost"))).status).toBe(502);
  expect((await tunnel(cache, "169.254.169.254:80")).status).toBe(502);
});

test("names that could leave their folder are never read", async () => {
  const cache = await cacheFor();
  for (const path of ["/v2/../../etc/manifests/x", "/v2/a/../b/manifests/1", "/v2/a/blobs/sha256:../../x", "/etc/passwd"]) {
    expect((await get(cache, host, path)).status).toBe(404);
  }
});

test("the CA lasts, its key is the owner's alone, and racing processes end with the same one", async () => {
  const [one, two] = await Promise.all([cacheFor(), cacheFor("other.example.test")]);
  expect(one.ca).toBe(two.ca);
  expect(one.ca).not.toContain("PRIVATE");
  const file = join(dir, "images/ca/ca.pem");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).toContain("PRIVATE KEY");
  expect(await readdir(join(dir, "images/ca"))).toEqual(["ca.pem"]);
});

test("listening everywhere is refused", async () => {
  await expect(startImageCache({ dir, upstreams: {}, listen: "0.0.0.0", log: () => {} })).rejects.toThrow("every network");
});
