import type Docker from "dockerode";
import { pause } from "../../base/wait.ts";

export interface FollowOptions {
  readonly docker: Docker;
  readonly signal: AbortSignal;
  /** A stream was opened: what follows is its first chunk. */
  readonly onOpen: () => void;
  readonly onChunk: (chunk: Buffer) => void;
}

/** No exec events: every health check would wake us. */
const events = ["create", "start", "die", "oom", "health_status", "destroy", "update", "remove"];
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Follows the daemon's events until the signal aborts. Events only wake: a stream that ends, breaks or can't be opened is
 * opened again, and each opening wakes once, since what was missed meanwhile shows in the next poll.
 */
export async function followEvents({ docker, signal, onOpen, onChunk }: FollowOptions): Promise<void> {
  let wait = firstPauseMs;
  while (!signal.aborted) {
    try {
      const stream = await docker.getEvents({
        filters: { type: ["container", "service", "node"], event: events } as Docker.GetEventsOptions["filters"] & object,
        abortSignal: signal,
      } as Docker.GetEventsOptions);
      onOpen();
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        wait = firstPauseMs;
        onChunk(chunk);
      }
    } catch {
      // Whether the daemon is lost is polling's to say: it has the time limits.
    }
    await pause(wait, signal).catch(() => {});
    wait = Math.min(wait * 2, longestPauseMs);
  }
}
