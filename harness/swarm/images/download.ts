/** Content from outside, to the one who asked and to the cache at once, chunk by chunk. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { ImageStore, StoreWriter } from "./store.ts";

/**
 * Relays a body and keeps it. The last bytes reach the reader only after the digest proved right.
 * @throws Error where the body ends early, is not what its digest says, or the reader goes away; nothing is kept then
 */
export async function download(answer: IncomingMessage, response: ServerResponse, writer: StoreWriter, onBytes: (bytes: number) => void): Promise<void> {
  let gone: Error | null = null;
  const onClose = () => {
    if (response.writableFinished) return;
    gone = new Error("the node went away during a download");
    answer.destroy(gone);
  };
  response.once("close", onClose);
  let held: Buffer | null = null;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      onBytes(chunk.length);
      await writer.write(chunk);
      if (held) await give(response, held);
      held = chunk;
    }
    if (gone) throw gone;
    if (!answer.complete) throw new Error("the registry's answer ended early");
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.commit();
  response.off("close", onClose);
  response.end(held ?? undefined);
}

async function give(response: ServerResponse, chunk: Buffer): Promise<void> {
  if (response.destroyed || response.write(chunk)) return;
  const stop = new AbortController();
  // A reader that goes away never drains.
  await Promise.race([once(response, "drain", { signal: stop.signal }), once(response, "close", { signal: stop.signal })]).finally(() => stop.abort());
}

/**
 * Serves kept content from its start; like a download, its end only after the digest proved right.
 * @throws Error where a disk's fault changed it: it is dropped, so that the node's next try fetches it anew
 */
export async function serveWhole(store: ImageStore, digest: string, response: ServerResponse): Promise<void> {
  await pipeline(store.stream(digest, 0), (chunks: AsyncIterable<Buffer>) => verified(chunks, store, digest), response);
}

async function* verified(chunks: AsyncIterable<Buffer>, store: ImageStore, digest: string): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let held: Buffer | null = null;
  for await (const chunk of chunks) {
    hash.update(chunk);
    if (held) yield held;
    held = chunk;
  }
  if (`sha256:${hash.digest("hex")}` !== digest) {
    await store.drop(digest);
    throw new Error(`${digest} was damaged in the cache and is dropped`);
  }
  if (held) yield held;
}
