/** A registry in a few lines, with the bad manners that real ones have. Counts what it is asked. */
import { createHash } from "node:crypto";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface TinyRegistry {
  readonly host: string;
  readonly url: string;
  /** `GET /v2/team/app/blobs/sha256:...` */
  readonly asked: string[];
  /** Authorization headers that came with requests for storage. */
  readonly storageAuthorizations: (string | undefined)[];
  /** Changes what it does from now on. */
  manners: Manners;
  /** Adds an image of one layer; returns its digests. */
  add(name: string, layer: Buffer, architecture?: string): { manifest: string; config: string; layer: string };
  close(): Promise<void>;
}

export interface Manners {
  /** Wants a token that an anonymous or these credentials get; `basic` wants the credentials themselves. */
  auth?: { readonly kind: "anonymous-token" | "user-token" | "basic"; readonly user: string; readonly password: string };
  /** Status for every manifest request. */
  status?: number;
  body?: string;
  /** Never answers. */
  hang?: boolean;
  /** Ends layers half way. */
  tear?: boolean;
  /** Sends other bytes than the digest says. */
  corrupt?: boolean;
  /** Layers come from another host name. */
  redirect?: string;
}

export async function tinyRegistry(initial: Manners = {}): Promise<TinyRegistry> {
  const blobs = new Map<string, Buffer>();
  const tags = new Map<string, string>();
  const types = new Map<string, string>();
  const asked: string[] = [];
  const storageAuthorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const put = (bytes: Buffer) => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return digest;
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = "" } = request;
    asked.push(`${method} ${url.replace(/\?.*/, "")}`);
    const manners = registry.manners;
    if (manners.hang) return;
    if (url.startsWith("/storage/")) {
      storageAuthorizations.push(request.headers.authorization);
      return void response.end(method === "HEAD" ? undefined : blobs.get(url.slice("/storage/".length)));
    }
    if (url.startsWith("/token")) return token(request, response);
    if (!allowed(request)) {
      response.setHeader("www-authenticate", manners.auth?.kind === "basic" ? 'Basic realm="tiny"' : `Bearer realm="http://${host}/token",service="tiny"`);
      return say(response, 401, JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] }));
    }
    response.setHeader("docker-distribution-api-version", "registry/2.0");
    if (url === "/v2/") return void response.end("{}");
    const [, repository, kind, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    if (kind === "manifests") return giveManifest(method, response, tags.get(`${repository}:${reference}`) ?? reference ?? "");
    return giveBlob(method, response, reference ?? "");
  }

  function giveManifest(method: string | undefined, response: ServerResponse, digest: string): void {
    const { status, body } = registry.manners;
    if (status) return say(response, status, body ?? "");
    const bytes = blobs.get(digest);
    if (!bytes) return say(response, 404, JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }));
    response.writeHead(200, { "docker-content-digest": digest, "content-type": types.get(digest), "content-length": bytes.length });
    response.end(method === "HEAD" ? undefined : bytes);
  }

  function giveBlob(method: string | undefined, response: ServerResponse, digest: string): void {
    const { tear, corrupt, redirect } = registry.manners;
    const bytes = blobs.get(digest);
    if (!bytes) return say(response, 404, JSON.stringify({ errors: [{ code: "BLOB_UNKNOWN", message: "blob unknown" }] }));
    if (redirect) return void response.writeHead(307, { location: `http://${redirect}/storage/${digest}` }).end();
    response.writeHead(200, { "content-length": bytes.length });
    if (method === "HEAD") return void response.end();
    if (tear) return void response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    response.end(corrupt ? Buffer.alloc(bytes.length, "x") : bytes);
  }

  function token(request: IncomingMessage, response: ServerResponse): void {
    const { auth } = registry.manners;
    const basic = request.headers.authorization;
    if (basic !== undefined && basic !== basicOf(auth)) return say(response, 401, JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "incorrect username or password" }] }));
    response.end(JSON.stringify({ token: basic ? "user" : "anonymous" }));
  }

  function allowed(request: IncomingMessage): boolean {
    const { auth } = registry.manners;
    const given = request.headers.authorization;
    if (!auth) return true;
    if (auth.kind === "basic") return given === basicOf(auth);
    return given === "Bearer user" || (auth.kind === "anonymous-token" && given === "Bearer anonymous");
  }

  const registry: TinyRegistry = {
    host,
    url: `http://${host}`,
    asked,
    storageAuthorizations,
    manners: initial,
    add(name, layer, architecture = "amd64") {
      const type = "application/vnd.docker.distribution.manifest.v2+json";
      const config = put(Buffer.from(JSON.stringify({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [digestOf(layer)] } })));
      const digest = put(layer);
      const body = Buffer.from(JSON.stringify({
        schemaVersion: 2,
        mediaType: type,
        config: { mediaType: "application/vnd.docker.container.image.v1+json", digest: config, size: blobs.get(config)!.length },
        layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", digest, size: layer.length }],
      }));
      const manifest = put(body);
      types.set(manifest, type);
      tags.set(name, manifest);
      return { manifest, config, layer: digest };
    },
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
  return registry;
}

export function basicOf(auth: { readonly user: string; readonly password: string } | undefined): string {
  return `Basic ${Buffer.from(`${auth?.user}:${auth?.password}`).toString("base64")}`;
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function say(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}
