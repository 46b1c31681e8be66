import { splitLines } from "../../base/command.ts";
import { stackLabel } from "../../swarm/stack.ts";

/** What an event says: a container of the stack ended, was killed for memory, became healthy or not, or merely that it is worth looking. */
export type Notice =
  | { readonly kind: "die"; readonly task: string; readonly container: string; readonly exitCode: number | null; readonly at: number }
  | { readonly kind: "oom"; readonly task: string }
  | { readonly kind: "health"; readonly task: string; readonly unhealthy: boolean }
  | { readonly kind: "wake" };

/** An event takes about 1 kB; what goes on longer without a line end is none. */
const longestLine = 1_000_000;

/** The stream of events of one connection, in chunks that may tear lines and characters apart. */
export class NoticeReader {
  readonly #stack: string;
  #lines: string[] = [];
  #split = splitLines((line) => this.#lines.push(line));
  #unended = 0;

  constructor(stack: string) {
    this.#stack = stack;
  }

  /** @param at when the chunk arrived */
  read(chunk: Uint8Array, at: number): Notice[] {
    this.#split(chunk);
    this.#unended = this.#lines.length > 0 ? 0 : this.#unended + chunk.length;
    if (this.#unended > longestLine) this.reset();
    return this.#lines.splice(0).flatMap((line) => noticeOf(line, this.#stack, at) ?? []);
  }

  /** A new connection begins: the torn end of the last one belongs to nothing. */
  reset(): void {
    this.#split = splitLines((line) => this.#lines.push(line));
    this.#unended = 0;
  }
}

/** What one line of the stream says; null where it is not about the stack, or torn. */
export function noticeOf(line: string, stack: string, at: number): Notice | null {
  const event = parsed(line);
  if (!event) return null;
  const [type, action] = [word(event.Type), word(event.Action)];
  const attributes: Readonly<Record<string, unknown>> = event.Actor?.Attributes ?? {};
  if (type === "node") return { kind: "wake" };
  if (type === "service") return word(attributes.name).startsWith(`${stack}_`) ? { kind: "wake" } : null;
  if (attributes[stackLabel] !== stack) return null;
  const task = word(attributes["com.docker.swarm.task.id"]);
  if (task === "") return { kind: "wake" };
  if (action === "oom") return { kind: "oom", task };
  if (action.startsWith("health_status:")) return { kind: "health", task, unhealthy: action.endsWith(" unhealthy") };
  if (action !== "die") return { kind: "wake" };
  const exitCode = Number.parseInt(word(attributes.exitCode), 10);
  return { kind: "die", task, container: word(event.Actor?.ID), exitCode: Number.isNaN(exitCode) ? null : exitCode, at };
}

interface DockerEvent {
  readonly Type?: unknown;
  readonly Action?: unknown;
  readonly Actor?: { readonly ID?: unknown; readonly Attributes?: Readonly<Record<string, unknown>> | null } | null;
}

/** What is no text says nothing. */
function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parsed(line: string): DockerEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}
