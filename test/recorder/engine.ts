import { Agent, get, type IncomingMessage } from "node:http";

/** The engine's HTTP interface, raw: what dockerode gives is parsed already. */
export class Engine {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #signal: AbortSignal;

  constructor(port: number, signal: AbortSignal) {
    this.#port = port;
    this.#signal = signal;
  }

  /** The exact body. @throws Error with the status where it is not 200 */
  async text(path: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
    const response = await this.#open(path, query, AbortSignal.any([this.#signal, AbortSignal.timeout(30_000)]));
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${text}`);
    return text;
  }

  /** Chunks as they arrive, until the signal aborts. */
  async stream(path: string, query: Readonly<Record<string, string>>, onChunk: (chunk: string) => void): Promise<void> {
    const response = await this.#open(path, query, this.#signal);
    response.setEncoding("utf8");
    for await (const chunk of response) onChunk(chunk as string);
  }

  #open(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const url = `http://127.0.0.1:${this.#port}${path}?${new URLSearchParams(query).toString()}`;
      get(url, { agent: this.#agent, signal }, resolve).on("error", reject);
    });
  }
}

/** The filter of all that carries the stack's label. */
export const ofStack = (stack: string): Record<string, string> => ({ filters: JSON.stringify({ label: [`com.docker.stack.namespace=${stack}`] }) });
