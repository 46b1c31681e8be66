/** A node's view: one HTTPS request through the image cache's proxy, trusting its CA. */
import http from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:tls";
import type { ImageCache } from "../../../harness/swarm/images/cache.ts";

export interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The tunnel that CONNECT gives, or the proxy's refusal. */
export function tunnel(cache: ImageCache, authority: string, token = cache.token): Promise<{ status: number; socket: Socket }> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: "127.0.0.1", port: cache.port, method: "CONNECT", path: authority, agent: false,
      headers: { "proxy-authorization": `Basic ${Buffer.from(`recipe-ci:${token}`).toString("base64")}` },
    });
    request.on("connect", (answer, socket) => resolve({ status: answer.statusCode ?? 0, socket }));
    request.on("error", reject);
    request.end();
  });
}

/** @throws Error where the connection ends before the body does */
export async function get(cache: ImageCache, host: string, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Got> {
  const { status, socket } = await tunnel(cache, host.includes(":") ? host : `${host}:443`);
  if (status !== 200) throw new Error(`CONNECT answered ${status}`);
  const name = host.replace(/:\d+$/, "");
  const secured = connect({ socket, ca: cache.ca, ...(/^[\d.]+$/.test(name) ? { host: name } : { servername: name }) });
  const accept = "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";
  return new Promise<Got>((resolve, reject) => {
    secured.on("error", reject);
    const request = http.request({ createConnection: () => secured, method, path, host: name, headers: { accept, ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end();
  }).finally(() => socket.destroy());
}
