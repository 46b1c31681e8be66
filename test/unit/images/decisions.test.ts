import { expect, test } from "vitest";
import { type Asked, classifyAnswer, classifyPullError } from "../../../harness/swarm/images/answers.ts";
import { parseChallenge } from "../../../harness/swarm/images/challenge.ts";
import { isInsider, isOffLimits } from "../../../harness/swarm/images/guard.ts";
import { type PullFacts, diskNeeded, planPull } from "../../../harness/swarm/images/plan.ts";
import type { Found } from "../../../harness/swarm/images/registry.ts";
import { readRequest } from "../../../harness/swarm/images/requests.ts";
import { isStandIn, upstreamUrl } from "../../../harness/swarm/images/upstream.ts";

const digest = `sha256:${"a".repeat(64)}`;
const found: Found = { kind: "found", digest, imageId: "sha256:config", layers: [{ digest: "l1", bytes: 10 }], bytes: 10, architectures: ["amd64"], platformOk: true };
const silent = { kind: "silent", words: "no answer" } as const;
const missing = { kind: "missing", words: "manifest unknown" } as const;
const limited = { kind: "refused", words: "429", rateLimited: true } as const;
const denied = { kind: "refused", words: "401", rateLimited: false } as const;
const same = { id: "sha256:config", digests: [], own: [], bytes: 30 };
const other = { id: "sha256:built", digests: [], own: [], bytes: 30 };
const facts: PullFacts = { registry: found, pinned: false, standIn: false, lastKnown: null, cached: false, host: null, node: null, hostImages: false, lends: true, platform: "linux/amd64" };

test.each<[string, Partial<PullFacts>, object]>([
  ["found: pulled", {}, { do: "pull", stale: false }],
  ["the node has that digest: kept", { node: { ...same, own: [digest] } }, { do: "keep" }],
  ["the node has that digest under another name only: pulled", { node: { ...same, digests: [digest] } }, { do: "pull" }],
  ["the node has another digest: pulled", { node: other }, { do: "pull" }],
  ["the host's is the registry's: handed over, then its digest is fetched", { host: same }, { do: "handover", thenPull: true }],
  ["the same, by digest", { host: { ...other, digests: [digest] } }, { do: "handover", thenPull: true }],
  ["the same, but all in the cache: pulled", { host: same, cached: true }, { do: "pull" }],
  ["the same, but a stand-in on this machine has it: pulled", { host: same, standIn: true }, { do: "pull" }],
  ["the host's is another: pulled", { host: other }, { do: "pull" }],
  ["the host's is another, with --host-images: handed over", { host: other, hostImages: true }, { do: "handover", thenPull: false }],
  ["--host-images without such an image: pulled", { hostImages: true }, { do: "pull" }],
  ["--host-images does not beat a pinned digest", { host: other, hostImages: true, pinned: true }, { do: "pull" }],
  ["wrong platform", { registry: { ...found, platformOk: false, architectures: ["arm64"] } }, { do: "missing", class: "image-platform", words: "there is no linux/amd64 image, only: linux/arm64" }],
  ["not found", { registry: missing }, { do: "missing", class: "image-missing", words: "manifest unknown" }],
  ["not found, the host has one: still not found, with the remedy", { registry: missing, host: other }, { do: "missing", words: expect.stringContaining("--host-images") }],
  ["not found, the host has one, with --host-images", { registry: missing, host: other, hostImages: true }, { do: "handover", thenPull: false }],
  ["a stand-in does not have it, the host has", { registry: missing, standIn: true, host: other }, { do: "handover", thenPull: false }],
  ["a stand-in does not have it, nobody has", { registry: missing, standIn: true }, { do: "missing", class: "image-missing" }],
  ["silent: infra, never missing", { registry: silent }, { do: "trouble", class: "image-pull", words: "no answer" }],
  ["silent, the host has it", { registry: silent, host: other }, { do: "handover", thenPull: false }],
  ["silent, the cache knows it", { registry: silent, lastKnown: digest, host: other }, { do: "pull", stale: true }],
  ["silent, the node has it", { registry: silent, node: other }, { do: "keep" }],
  ["silent and pinned: a handed-over image has no digest", { registry: silent, host: other, pinned: true }, { do: "trouble", words: expect.stringContaining("no registry digest") }],
  ["rate limit, the cache knows it", { registry: limited, lastKnown: digest }, { do: "pull", stale: true }],
  ["rate limit: infra", { registry: limited }, { do: "trouble", class: "image-pull" }],
  ["denied: the cache is not asked", { registry: denied, lastKnown: digest }, { do: "trouble", class: "image-pull" }],
  ["silent, the host has it, for a recipe that nobody trusts", { registry: silent, host: other, lends: false }, { do: "trouble", class: "image-pull", words: "no answer; this machine has one of that name, which --trust none does not get: --host-images lends it" }],
  ["... denied", { registry: denied, host: other, lends: false }, { do: "trouble", class: "image-pull" }],
  ["... a stand-in does not have it", { registry: missing, standIn: true, host: other, lends: false }, { do: "trouble", class: "image-pull" }],
  ["... the host's is the registry's", { host: same, lends: false }, { do: "handover", thenPull: true }],
  ["... --host-images", { registry: silent, host: other, hostImages: true, lends: false }, { do: "handover", thenPull: false }],
  ["denied, the host has it", { registry: denied, host: other }, { do: "handover" }],
])("plan: %s", (_name, change, plan) => {
  expect(planPull({ ...facts, ...change })).toMatchObject(plan);
});

const json = (code: string) => JSON.stringify({ errors: [{ code, message: "words of the registry" }] });
const hub: Asked = { host: "registry-1.docker.io", repository: "team/app", withCredentials: false, tokenGranted: true };

test.each<[string, number, string, boolean, Partial<Asked>, string]>([
  ["unknown manifest", 404, json("MANIFEST_UNKNOWN"), true, {}, "missing"],
  ["unknown name", 404, json("NAME_UNKNOWN"), false, {}, "missing"],
  ["a web server's 404", 404, "<html>", false, {}, "silent"],
  ["denied as nobody, with a token: missing or private", 401, json("UNAUTHORIZED"), true, {}, "missing"],
  ["denied to an account: perhaps the account", 401, json("UNAUTHORIZED"), true, { withCredentials: true }, "refused"],
  ["denied to an account, official image: cannot be private", 401, json("UNAUTHORIZED"), true, { withCredentials: true, repository: "library/ngnix" }, "missing"],
  ["no token: login wanted", 401, json("UNAUTHORIZED"), true, { tokenGranted: false }, "refused"],
  ["forbidden without a registry's words", 403, "blocked by proxy", false, {}, "refused"],
  ["incident 23: rate limit", 429, json("TOOMANYREQUESTS"), true, {}, "refused"],
  ["server error", 500, json("UNKNOWN"), true, {}, "silent"],
  ["bad gateway", 502, "<html>", false, {}, "silent"],
])("answer: %s", (_name, status, body, isRegistry, asked, kind) => {
  const refusal = classifyAnswer({ status, body, isRegistry }, { ...hub, ...asked });
  expect(refusal.kind).toBe(kind);
  expect(refusal.words).toContain(String(status));
  if (body.startsWith("{")) expect(refusal.words).toContain("words of the registry");
});

test.each([
  ["write /var/lib/docker/tmp: no space left on device", "disk-full"],
  ["no matching manifest for linux/arm64/v8 in the manifest list entries", "image-platform"],
  ["manifest for nginx:nope not found: manifest unknown: manifest unknown", "image-missing"],
  ["pull access denied for nope, repository does not exist or may require 'docker login'", "image-pull"],
  ["Get https://registry-1.docker.io/v2/: net/http: request canceled", "image-pull"],
  ["toomanyrequests: You have reached your pull rate limit", "image-pull"],
])("engine: %s", (words, cls) => {
  expect(classifyPullError(words)).toBe(cls);
});

test("disk: shared layers count once, a reserve only where something moves", () => {
  const layers = [{ digest: "a", bytes: 100 }];
  const reserve = 512 * 1024 * 1024;
  expect(diskNeeded([{ layers, unpacked: 0 }, { layers, unpacked: 0 }], 40)).toBe(300 + 40 + reserve);
  expect(diskNeeded([{ layers: [], unpacked: 50 }], 0)).toBe(100 + reserve);
  expect(diskNeeded([{ layers: [], unpacked: 0 }], 0)).toBe(0);
});

test("upstreams: Docker Hub's paths stay, others stand under their host, a registry of its own keeps its path", () => {
  const seed = { "registry-1.docker.io": "http://127.0.0.1:5000", "quay.io": "http://127.0.0.1:5000/", "plain.lan:80": "http://plain.lan:80" };
  expect(upstreamUrl("registry-1.docker.io", "library/nginx", "manifests/1", seed).href).toBe("http://127.0.0.1:5000/v2/library/nginx/manifests/1");
  expect(upstreamUrl("quay.io", "a/b", "manifests/1", seed).href).toBe("http://127.0.0.1:5000/v2/quay.io/a/b/manifests/1");
  expect(upstreamUrl("quay.io", "", "", seed).href).toBe("http://127.0.0.1:5000/v2/");
  expect(upstreamUrl("ghcr.io", "a/b", "tags/list", seed).href).toBe("https://ghcr.io/v2/a/b/tags/list");
  expect(upstreamUrl("localhost:5000", "a", "manifests/1", {}).href).toBe("http://localhost:5000/v2/a/manifests/1");
  expect([isStandIn("quay.io", seed), isStandIn("ghcr.io", seed)]).toEqual([true, false]);
});

test("a registry without TLS, named as its own upstream, is no stand-in", () => {
  const own = { "plain.lan:5000": "http://plain.lan:5000" };
  expect(isStandIn("plain.lan:5000", own)).toBe(false);
  expect(upstreamUrl("plain.lan:5000", "a", "manifests/1", own).href).toBe("http://plain.lan:5000/v2/a/manifests/1");
});

test.each([
  ["/v2/", { kind: "ping" }],
  ["/v2/library/nginx/manifests/1.27", { kind: "tag", repository: "library/nginx", tag: "1.27" }],
  [`/v2/a/b/c/manifests/${digest}`, { kind: "manifest", repository: "a/b/c", digest }],
  [`/v2/a/blobs/${digest}`, { kind: "blob", repository: "a", digest }],
  ["/v2/a/../b/manifests/1", { kind: "other" }],
  ["/v2/a/manifests/..", { kind: "other" }],
  ["/v2/a/blobs/uploads/", { kind: "other" }],
])("request %s", (path, request) => {
  expect(readRequest(path)).toMatchObject(request);
});

test("challenges", () => {
  expect(parseChallenge('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a:pull,push"')).toEqual({
    scheme: "bearer", parameters: { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a:pull,push" },
  });
  expect(parseChallenge("basic realm=\"x\"")?.scheme).toBe("basic");
  expect(parseChallenge("Negotiate")).toBeNull();
  expect(parseChallenge(undefined)).toBeNull();
});

test("who may come in, and where tunnels do not go", () => {
  expect(["172.17.0.3", "::ffff:172.17.0.3", "10.1.1.1", "127.0.0.1", "fd00::1"].map(isInsider)).toEqual([true, true, true, true, true]);
  expect(["8.8.8.8", "172.32.0.1", undefined, "2a00::1"].map(isInsider)).toEqual([false, false, false, false]);
  expect(["127.0.0.1", "::1", "[::1]", "169.254.169.254", "0.0.0.0", "::ffff:127.0.0.1"].map(isOffLimits)).toEqual([true, true, true, true, true, true]);
  expect(["172.17.0.1", "8.8.8.8", "registry.test"].map(isOffLimits)).toEqual([false, false, false]);
});
