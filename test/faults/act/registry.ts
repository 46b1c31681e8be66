import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { dockerHub } from "../../../harness/machine/catalogue.ts";
import { type Armed, plainly } from "./armed.ts";

/** What stands on the connection itself, and not in the answer. */
const hops = new Set(["connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"]);

/**
 * Docker Hub is a server of the test's own, which passes everything on until the fault strikes.
 * @param config where the host.json that says so is written
 * @param upstream what it passes on to
 * @param how gone: nobody listens any more; silent: whoever asks waits for ever
 */
export async function registryFails(config: string, upstream: string, how: "gone" | "silent"): Promise<Armed> {
  let silent = false;
  const server = createServer((request, response) => {
    if (!silent) passOn(upstream, request, response).catch(() => response.destroy());
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await listening;
  const { port } = server.address() as AddressInfo;
  writeFileSync(config, JSON.stringify({ mirrors: { [dockerHub]: `http://127.0.0.1:${port}` } }));
  const end = async () => {
    server.close();
    server.closeAllConnections();
  };
  const strike = async () => {
    silent = true;
    if (how === "gone") await end();
  };
  return plainly(strike, { flags: ["--host-config", config], relieve: end, close: end });
}

async function passOn(upstream: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.entries(request.headers).flatMap(([name, value]) => (hops.has(name) || value === undefined ? [] : [[name, String(value)] as [string, string]]));
  const answer = await fetch(new URL(request.url ?? "/", upstream), { method: request.method ?? "GET", headers });
  // What is asked with HEAD has a length and no body.
  const length = request.method === "HEAD" ? answer.headers.get("content-length") : null;
  const kept = [...answer.headers].filter(([name]) => !hops.has(name));
  response.writeHead(answer.status, Object.fromEntries([...kept, ...(length === null ? [] : [["content-length", length]])]));
  if (answer.body === null || request.method === "HEAD") response.end();
  else await pipeline(Readable.fromWeb(answer.body), response);
}
