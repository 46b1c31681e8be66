/** The HTTP proxy that nodes' engines use: terminates TLS for registries, tunnels everything else unread. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket, createSecureContext } from "node:tls";
import type { Authority } from "./authority.ts";
import type { RegistryFront } from "./front.ts";
import { guardedLookup, isAuthorized, isInsider, isOffLimits } from "./guard.ts";
import { networkWords } from "./http.ts";
import { registryName } from "./requests.ts";
import type { Counter } from "./stats.ts";

export const proxyUser = "recipe-ci";

export interface ProxyOptions {
  readonly front: RegistryFront;
  readonly authority: Authority;
  readonly counter: Counter;
  readonly token: string;
  readonly log: (line: string) => void;
}

const tunnelConnectMs = 15_000;
const tunnelIdleMs = 120_000;

export class Proxy {
  readonly #o: ProxyOptions;
  readonly #server: Server;
  readonly #registries = new Set<string>();
  readonly #contexts = new Map<string, Promise<SecureContext>>();
  /** Which registry a decrypted connection was meant for. */
  readonly #meantFor = new WeakMap<object, string>();
  readonly #sockets = new Set<Duplex>();

  constructor(options: ProxyOptions) {
    this.#o = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("connection", (socket: Socket) => this.#admit(socket));
    this.#server.on("connect", (request, socket, head) => void this.#connect(request, socket, head));
    this.#server.on("clientError", (_error, socket) => void socket.destroy());
  }

  /** @returns the port */
  async listen(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, address, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  intercept(hosts: readonly string[]): void {
    for (const host of hosts) this.#registries.add(registryName(host));
  }

  hosts(): readonly string[] {
    return [...this.#registries];
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await closed;
  }

  #admit(socket: Socket): void {
    if (this.#meantFor.has(socket)) return;
    this.#track(socket);
    if (!isInsider(socket.remoteAddress)) socket.destroy();
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** A request on a decrypted connection, or one in absolute form for a registry without TLS. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const meant = this.#meantFor.get(request.socket);
    if (meant !== undefined) return this.#o.front.handle(request, response, meant);
    if (!isAuthorized(request.headers["proxy-authorization"], proxyUser, this.#o.token)) {
      response.writeHead(407, { "proxy-authenticate": 'Basic realm="recipe-ci"' }).end();
      return;
    }
    const url = URL.parse(request.url ?? "");
    if (url?.protocol !== "http:" || !this.#registries.has(registryName(url.host))) {
      response.writeHead(403).end("the image cache serves registries only\n");
      return;
    }
    request.url = url.pathname + url.search;
    await this.#o.front.handle(request, response, registryName(url.host));
  }

  async #connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#track(socket);
    if (this.#meantFor.has(request.socket)) return void socket.destroy();
    if (!isAuthorized(request.headers["proxy-authorization"], proxyUser, this.#o.token)) {
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="recipe-ci"\r\nContent-Length: 0\r\n\r\n');
    }
    const authority = request.url ?? "";
    const registry = registryName(authority);
    if (this.#registries.has(registry)) return this.#intercept(registry, socket, head);
    this.#tunnel(authority, socket, head);
  }

  async #intercept(registry: string, socket: Duplex, head: Buffer): Promise<void> {
    const context = this.#contexts.get(registry) ?? this.#o.authority.issue(registry).then(createSecureContext);
    this.#contexts.set(registry, context);
    const secureContext = await context;
    if (socket.destroyed) return;
    if (head.length > 0) socket.unshift(head);
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
    this.#meantFor.set(secured, registry);
    this.#track(secured);
    this.#server.emit("connection", secured);
  }

  #tunnel(authority: string, socket: Duplex, head: Buffer): void {
    const target = URL.parse(`http://${authority}`);
    const refuse = (words: string) => {
      this.#o.log(`image cache: no tunnel to ${authority}: ${words}`);
      if (socket.writable) socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    };
    if (!target?.hostname || isOffLimits(target.hostname)) return refuse("off limits");
    const host = target.hostname.replace(/^\[|\]$/g, "");
    const outside = connect({ host, port: Number(target.port || 80), lookup: guardedLookup, timeout: tunnelConnectMs });
    this.#track(outside);
    outside.once("timeout", () => outside.destroy(new Error("no connection in time")));
    outside.once("error", (error) => refuse(networkWords(error)));
    outside.once("connect", () => {
      outside.setTimeout(tunnelIdleMs);
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      outside.write(head);
      outside.on("data", (chunk: Buffer) => this.#o.counter.tunnel(host, chunk.length));
      outside.pipe(socket).pipe(outside);
      outside.once("close", () => socket.destroy());
      socket.once("close", () => outside.destroy());
    });
  }
}
