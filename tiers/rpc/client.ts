import { type Socket, connect } from "node:net";
import { lineOf, lineReader } from "./framing.ts";
import { type Method, type Params, type Result, calls, responseSchema } from "./protocol.ts";

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A test's side of the socket. Connects at the first call; calls may overlap. */
export class RpcClient {
  readonly #path: string;
  readonly #pending = new Map<number, Pending>();
  #socket: Socket | null = null;
  #next = 1;

  constructor(socketPath: string) {
    this.#path = socketPath;
  }

  /**
   * @param timeoutMs how long to wait for the answer, milliseconds
   * @throws Error with the build's words where it refuses or fails; where it is gone; where it does not answer in time
   */
  async call<M extends Method>(method: M, params: Params<M>, timeoutMs: number): Promise<Result<M>> {
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const timer = setTimeout(() => this.#settle(id)?.reject(new Error(`app.${method}: no answer from the build within ${timeoutMs} ms`)), timeoutMs);
    try {
      this.#connection().write(lineOf({ id, method, params }));
      return calls[method].result.parse(await answer) as Result<M>;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
      // An open socket would keep the test's process alive for ever.
      if (this.#pending.size === 0) this.#socket?.unref();
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #connection(): Socket {
    if (this.#socket && !this.#socket.destroyed) return this.#socket.ref();
    const socket = connect(this.#path);
    const read = lineReader((line) => this.#receive(line));
    socket.on("data", (chunk) => {
      try {
        read(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on("error", (error) => this.#lost(socket, error));
    socket.on("close", () => this.#lost(socket, new Error("the connection ended")));
    this.#socket = socket;
    return socket;
  }

  #receive(line: string): void {
    const response = responseSchema.parse(JSON.parse(line));
    if (response.id === null) return;
    const pending = this.#settle(response.id);
    if (response.ok) pending?.resolve(response.result);
    else pending?.reject(new Error(response.error));
  }

  #lost(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    for (const id of this.#pending.keys()) this.#settle(id)?.reject(new Error(`the build does not answer: ${error.message}`));
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
