import type Docker from "dockerode";
import { splitLines } from "../../base/command.ts";
import { pause } from "../../base/wait.ts";

/** What an event says: a container of the stack ended, was killed for memory, or merely that it is worth looking. */
export type Notice =
  | { readonly kind: "die"; readonly task: string; readonly container: string; readonly exitCode: number | null }
  | { readonly kind: "oom"; readonly task: string }
  | { readonly kind: "wake" };

export interface FollowOptions {
  readonly docker: Docker;
  readonly stack: string;
  readonly signal: AbortSignal;
  readonly onNotice: (notice: Notice) => void;
}

/** No exec events: every health check would wake us. */
const events = ["create", "start", "die", "oom", "health_status", "destroy", "update", "remove"];
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Follows the daemon's events until the signal aborts. Events only wake: a stream that ends, breaks or can't be opened is
 * opened again, and each opening wakes once, since what was missed meanwhile shows in the next poll.
 */
export async function followEvents({ docker, stack, signal, onNotice }: FollowOptions): Promise<void> {
  let wait = firstPauseMs;
  while (!signal.aborted) {
    try {
      const stream = await docker.getEvents({
        filters: { type: ["container", "service", "node"], event: events } as Docker.GetEventsOptions["filters"] & object,
        abortSignal: signal,
      } as Docker.GetEventsOptions);
      onNotice({ kind: "wake" });
      await readStream(stream, (line) => {
        wait = firstPauseMs;
        const notice = noticeOf(line, stack);
        if (notice) onNotice(notice);
      });
    } catch {
      // Whether the daemon is lost is polling's to say: it has the time limits.
    }
    await pause(wait, signal).catch(() => {});
    wait = Math.min(wait * 2, longestPauseMs);
  }
}

async function readStream(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> {
  stream.setEncoding("utf8");
  const feed = splitLines(onLine);
  for await (const chunk of stream) feed(chunk);
}

/** What one line of the stream says; null where it is not about the stack, or torn. */
export function noticeOf(line: string, stack: string): Notice | null {
  const event = parsed(line);
  if (!event) return null;
  const attributes = event.Actor?.Attributes ?? {};
  if (event.Type === "node") return { kind: "wake" };
  if (event.Type === "service") return attributes.name?.startsWith(`${stack}_`) ? { kind: "wake" } : null;
  if (attributes["com.docker.stack.namespace"] !== stack) return null;
  const task = attributes["com.docker.swarm.task.id"];
  if (!task) return { kind: "wake" };
  if (event.Action === "oom") return { kind: "oom", task };
  if (event.Action !== "die") return { kind: "wake" };
  const exitCode = Number.parseInt(attributes.exitCode ?? "", 10);
  return { kind: "die", task, container: event.Actor?.ID ?? "", exitCode: Number.isNaN(exitCode) ? null : exitCode };
}

interface DockerEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

function parsed(line: string): DockerEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}
