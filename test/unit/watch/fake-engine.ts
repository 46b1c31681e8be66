import Docker from "dockerode";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const json = (value: unknown): Answer => (response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
};

/** An engine that answers as it is told, over real HTTP: the way a real one goes wrong. */
export class FakeEngine {
  readonly docker: Docker;
  readonly asked: string[] = [];
  /** By the start of the path; the longest match wins. */
  answers: Record<string, Answer> = {};
  /** Open event streams. */
  readonly streams = new Set<ServerResponse>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.docker = new Docker({ protocol: "http", host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    server.on("request", (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<FakeEngine> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const engine = new FakeEngine(server);
    engine.answers = {
      "/info": json({ SystemTime: new Date().toISOString() }),
      "/tasks": json([]),
      "/services": json([]),
      "/nodes": json([]),
      "/events": (response) => {
        response.writeHead(200);
        response.flushHeaders();
        engine.streams.add(response);
        response.on("close", () => engine.streams.delete(response));
      },
    };
    return engine;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    this.asked.push(path);
    const match = Object.keys(this.answers).filter((start) => path.startsWith(start)).sort((a, b) => b.length - a.length)[0];
    if (match) return this.answers[match]?.(response, request);
    response.writeHead(404, { "content-type": "application/json" });
    response.end(JSON.stringify({ message: "no such thing" }));
  }
}

export const stamp = (ms: number): string => new Date(ms).toISOString();

/** A service as /services lists it. */
export function rawService(name: string, more: object = {}): object {
  return {
    ID: `${name}-id`,
    Version: { Index: 7 },
    CreatedAt: stamp(Date.now()),
    Spec: { Name: `s_${name}`, TaskTemplate: { ContainerSpec: { Image: `${name}:1` }, Placement: {}, Runtime: "container" }, Mode: { Replicated: { Replicas: 1 } } },
    ...more,
  };
}

/** A task as /tasks lists it. */
export function rawTask(id: string, name: string, state: string, more: { desired?: string; exit?: number; error?: string; container?: string; at?: number; slot?: number } = {}): object {
  return {
    ID: id,
    CreatedAt: stamp(Date.now()),
    ServiceID: `${name}-id`,
    Slot: more.slot ?? 1,
    NodeID: "n1",
    Spec: { ContainerSpec: { Image: `${name}:1` }, Placement: {} },
    DesiredState: more.desired ?? "running",
    Status: { Timestamp: stamp(more.at ?? Date.now()), State: state, Err: more.error, ContainerStatus: { ContainerID: more.container ?? "", ExitCode: more.exit ?? 0 } },
  };
}
