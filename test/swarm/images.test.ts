import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Mask } from "../../harness/base/mask.ts";
import { waitFor } from "../../harness/base/wait.ts";
import type { Machine } from "../../harness/machine/machine.ts";
import { startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { type ImageCache, reachableFrom, startImageCache } from "../../harness/swarm/images/cache.ts";
import { dockerCredentials } from "../../harness/swarm/images/credentials.ts";
import { fetchImage } from "../../harness/swarm/images/fetch.ts";
import { type PrepullOptions, type PrepullResult, prepull } from "../../harness/swarm/images/prepull.ts";
import { parseReference } from "../../harness/swarm/images/reference.ts";
import { resolveImage } from "../../harness/swarm/images/registry.ts";
import { type TinyRegistry, tinyRegistry } from "../unit/images/tiny-registry.ts";
import { newRunId, testMachine } from "./host.ts";

const signal = AbortSignal.timeout(600_000);
const caDir = "/etc/recipe-ci-test-ca";
const runId = newRunId("images");
const registryName = `recipe-ci-${runId}-registry`;
const nginx = "nginx:1.27";
const app = "registry.example.test/team/app:1";
const hostOnly = `recipe-ci-test/${runId}:dev`;
const secret = { user: "maintainer", password: `pw-${randomBytes(12).toString("hex")}` };
const gateway = networkInterfaces().docker0?.find((address) => address.family === "IPv4")?.address ?? "";

let machine: Machine;
let host: Docker;
let dir: string;
let outside: string;
let privateRegistry: TinyRegistry;
let site: { cache: ImageCache; swarm: Throwaway };

beforeAll(async () => {
  machine = await testMachine([nginx], signal);
  host = machine.docker;
  dir = await mkdtemp(join(tmpdir(), "recipe-ci-images-"));
  privateRegistry = await tinyRegistry({ auth: { kind: "basic", ...secret } });
  privateRegistry.add("private.example.test/team/secret:1", await layer());
  outside = await startRegistry();
  await commit(hostOnly);
  await commit(`${outside}/registry.example.test/team/app:1`);
  await host.getImage(nginx).tag({ repo: `${outside}/library/nginx`, tag: "1.27" });
  for (const name of [`${outside}/library/nginx:1.27`, `${outside}/registry.example.test/team/app:1`]) await push(name);
  site = await start("a");
});

afterAll(async () => {
  await stop();
  await privateRegistry?.close();
  for (const name of [`${outside}/library/nginx:1.27`, `${outside}/registry.example.test/team/app:1`, hostOnly]) {
    await host.getImage(name).remove({ noprune: true }).catch(() => {});
  }
  await host.getContainer(registryName).remove({ force: true, v: true }).catch(() => {});
  await rm(dir, { recursive: true, force: true });
});

/** A layer that an engine accepts: a tar that is not packed, so that its digest is its diff id. */
async function layer(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: "hello" }, "private");
  tar.finalize();
  return buffer(tar);
}

async function startRegistry(): Promise<string> {
  const container = await host.createContainer({
    name: registryName, Image: "registry:2", ExposedPorts: { "5000/tcp": {} },
    HostConfig: { PortBindings: { "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
  });
  await container.start();
  const port = (await container.inspect()).NetworkSettings.Ports["5000/tcp"]?.[0]?.HostPort;
  const url = `http://127.0.0.1:${port}/v2/`;
  await waitFor(async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => null);
    return answer?.ok ? { done: true, value: undefined } : { done: false, saw: "no answer" };
  }, { what: "the registry", timeoutMs: 30_000, signal });
  return `127.0.0.1:${port}`;
}

/** A new image under a name: nginx with another label. */
async function commit(name: string): Promise<void> {
  const colon = name.lastIndexOf(":");
  const container = await host.createContainer({ Image: nginx });
  await container.commit({ repo: name.slice(0, colon), tag: name.slice(colon + 1), changes: `LABEL made=${randomBytes(4).toString("hex")}` });
  await container.remove();
}

async function push(name: string): Promise<void> {
  const stream = await host.getImage(name).push({ authconfig: { username: "", password: "" } as never });
  await new Promise<void>((resolve, reject) => host.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())));
}

async function start(name: string): Promise<{ cache: ImageCache; swarm: Throwaway }> {
  const cache = await startImageCache({
    dir,
    listen: gateway,
    log: () => {},
    upstreams: {
      "registry-1.docker.io": `http://${outside}`,
      "registry.example.test": `http://${outside}`,
      "private.example.test": privateRegistry.url,
      "silent.example.test": "http://127.0.0.1:9",
    },
  });
  const swarm = await startThrowaway({
    host, nodeImage: machine.nodeImage, edgeImage: machine.edgeImage, runId: `${runId}-${name}`, waitForEdge: false, signal,
    env: cache.environment(gateway, caDir),
    files: [{ path: `${caDir}/recipe-ci.crt`, content: cache.ca }],
  });
  swarm.edgeReady.catch(() => {});
  return { cache, swarm };
}

async function stop(): Promise<void> {
  await site?.swarm.close();
  await site?.cache.close();
}

function bring(refs: readonly string[], more: Partial<PrepullOptions> = {}): Promise<PrepullResult> {
  return prepull({
    refs: refs.map((ref) => ({ ref, service: "app" })),
    node: site.swarm.docker, host: null, cache: site.cache, hostImages: false, mask: new Mask(), signal,
    upstreams: { "registry-1.docker.io": `http://${outside}`, "registry.example.test": `http://${outside}`, "private.example.test": privateRegistry.url, "silent.example.test": "http://127.0.0.1:9" },
    freeBytes: async () => Number.POSITIVE_INFINITY,
    onProgress: () => {},
    credentials: { forDomain: async () => null },
    ...more,
  });
}

const takenOutside = () => Object.values(site.cache.stats().hosts).reduce((sum, taken) => sum + taken.outside, 0);

async function forget(ref: string): Promise<void> {
  await site.swarm.docker.getImage(ref).remove({ force: true });
}

test("the node reaches the cache, and what nobody listens on is not reached", async () => {
  expect(await reachableFrom(site.swarm.shell, site.cache.url(gateway), { signal })).toBe(true);
  expect(await reachableFrom(site.swarm.shell, `http://${gateway}:9`, { signal })).toBe(false);
});

test("the first run takes images of Docker Hub and of another registry from outside", async () => {
  const result = await bring([nginx, app]);
  expect(result).toMatchObject({ missing: [], trouble: [] });
  expect(result.images.map((image) => [image.ref, image.source])).toEqual([[nginx, "registry"], [app, "registry"]]);
  expect(result.images.every((image) => image.digest?.startsWith("sha256:") && (image.bytes ?? 0) > 1_000_000)).toBe(true);
  expect(takenOutside()).toBeGreaterThan(1_000_000);
  // What `docker stack deploy` does with each image: the manager asks the registry for the digest.
  const resolved = (await site.swarm.docker.getImage(app).distribution()) as { Descriptor: { digest: string } };
  expect(resolved.Descriptor.digest).toBe(result.images[1]?.digest);
  expect((await bring([nginx, app])).images.map((image) => image.source)).toEqual(["node", "node"]);
});

test("the second run, on another node, takes 0 bytes from outside", async () => {
  await stop();
  site = await start("b");
  const result = await bring([nginx, app]);
  expect(result.images.map((image) => image.source)).toEqual(["cache", "cache"]);
  expect(takenOutside()).toBe(0);
});

test("credentials travel with the pull and are nowhere in the node", async () => {
  const ref = "private.example.test/team/secret:1";
  expect(await bring([ref])).toMatchObject({ images: [], missing: [], trouble: [{ class: "image-pull", words: expect.stringContaining("docker login private.example.test") }] });
  const configDir = join(dir, "docker");
  const encoded = Buffer.from(`${secret.user}:${secret.password}`).toString("base64");
  await rm(configDir, { recursive: true, force: true });
  await mkdir(configDir);
  await writeFile(join(configDir, "config.json"), JSON.stringify({ auths: { "private.example.test": { auth: encoded } } }));
  const mask = new Mask();
  const result = await bring([ref], { credentials: dockerCredentials({ mask, signal, configDir }), mask });
  expect(result).toMatchObject({ images: [{ ref, source: "registry" }], trouble: [] });
  expect(mask.text(secret.password)).toBe("•••");
  const search = (words: readonly string[]) =>
    site.swarm.shell.exec(["grep", "-rlF", "--devices=skip", "--exclude-dir=proc", "--exclude-dir=sys", ...words.flatMap((word) => ["-e", word]), "/"], { timeoutMs: 120_000, signal });
  await site.swarm.shell.putFile("/root/mark", secret.password);
  expect((await search([secret.password])).stdout.trim()).toBe("/root/mark");
  await site.swarm.shell.exec(["rm", "/root/mark"], { timeoutMs: 5000, signal });
  expect((await search([secret.password, encoded])).stdout.trim()).toBe("");
  const environments = await site.swarm.shell.exec(["sh", "-c", "cat /proc/[0-9]*/environ | tr '\\0' '\\n'"], { timeoutMs: 5000, signal });
  expect(environments.stdout).not.toContain(secret.password);
  expect(environments.stdout).not.toContain(encoded);
});

test("incident 23: what does not exist is the recipe's, what does not answer is not", async () => {
  const result = await bring(["nginx:no-such-tag", "silent.example.test/team/app:1", "No Image"]);
  expect(result.images).toEqual([]);
  const missing = Object.fromEntries(result.missing.map((one) => [one.ref, one]));
  expect(missing["nginx:no-such-tag"]).toMatchObject({ service: "app", class: "image-missing", words: expect.stringContaining("manifest unknown") });
  expect(missing["No Image"]).toMatchObject({ class: "image-missing" });
  expect(result.missing).toHaveLength(2);
  expect(result.trouble).toMatchObject([{ ref: "silent.example.test/team/app:1", class: "image-pull", words: expect.stringContaining("ECONNREFUSED") }]);
});

test("incident 23: too little disk is said before anything moves, with numbers", async () => {
  await forget(app);
  const before = takenOutside();
  await expect(bring([app], { freeBytes: async () => 1_000_000 })).rejects.toMatchObject({ blame: "infra", reason: { class: "disk-full", summary: expect.stringMatching(/need about \d+ MB of disk and 1 MB are free/) } });
  expect(takenOutside()).toBe(before);
});

test("an image that only this machine has is handed over, and a Swarm service runs it", async () => {
  const result = await bring([hostOnly], { host });
  expect(result).toMatchObject({ images: [{ ref: hostOnly, source: "host", digest: null }], missing: [], trouble: [] });
  const { docker } = site.swarm;
  const service = await docker.createService({ Name: "handed", TaskTemplate: { ContainerSpec: { Image: hostOnly } }, EndpointSpec: { Mode: "dnsrr" } } as never);
  await waitFor(async () => {
    const [task] = await docker.listTasks({ filters: { service: ["handed"] } });
    return task?.Status?.State === "running" ? { done: true, value: undefined } : { done: false, saw: `${task?.Status?.State} ${task?.Status?.Err ?? ""}` };
  }, { what: "the service", timeoutMs: 30_000, signal });
  await docker.getService(service.id).remove();
});

test("an image of the registry's content is handed over without layers from outside, and gets its digest", async () => {
  await forget(nginx);
  const before = takenOutside();
  const ref = parseReference(nginx);
  const registry = await resolveImage(ref, null, { upstreams: { "registry-1.docker.io": `http://${outside}` }, architecture: "amd64", shelf: null, signal });
  if (registry.kind !== "found") throw new Error(registry.words);
  expect((await host.getImage(nginx).inspect()).Id).toBe(registry.imageId);
  const context = { node: site.swarm.docker, host, cache: site.cache, signal, onProgress: () => {} };
  const plan = { do: "handover", thenPull: true, why: "test" } as const;
  const image = await fetchImage(context, { image: { ref: nginx, service: "app" }, ref, auth: null, registry, plan, hostBytes: 1, cached: false });
  expect(image).toMatchObject({ source: "host", digest: registry.digest });
  expect((await site.swarm.docker.getImage(`nginx@${registry.digest}`).inspect()).Id).toBe(registry.imageId);
  expect(takenOutside()).toBe(before);
});

test("an image of a registry that only this machine reaches is handed over, and runs without a digest", async () => {
  const ref = `${outside}/library/nginx:1.27`;
  expect(await bring([ref], { host })).toMatchObject({ images: [{ ref, source: "host", digest: null }], missing: [], trouble: [] });
});

test("with --host-images the host's own build is what the node gets and a Swarm resolves", async () => {
  await commit(app);
  try {
    const [built] = (await bring([app], { host, hostImages: true })).images;
    expect(built).toMatchObject({ source: "host", digest: null });
    expect((await site.swarm.docker.getImage(app).inspect()).Id).toBe((await host.getImage(app).inspect()).Id);
    await expect(site.swarm.docker.getImage(app).distribution()).rejects.toThrow(/manifest unknown|stands for it/);
  } finally {
    await host.getImage(app).remove({ noprune: true }).catch(() => {});
  }
});

test("with the registry gone the cache still serves what it knows, and says that it is stale", async () => {
  await stop();
  site = await start("c");
  await host.getContainer(registryName).stop({ t: 1 });
  const result = await bring([nginx, app]);
  expect(result).toMatchObject({ missing: [], trouble: [] });
  expect(result.images.map((image) => image.source)).toEqual(["cache", "cache"]);
  expect(takenOutside()).toBe(0);
  expect(site.cache.stats().stale.toSorted()).toEqual(["registry-1.docker.io/library/nginx:1.27", "registry.example.test/team/app:1"]);
});
