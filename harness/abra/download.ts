import { createHash } from "node:crypto";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import pRetry from "p-retry";
import { extract } from "tar-stream";

/** The program in a release's archive is longer than an archive could honestly be. */
const longest = 256 * 1024 * 1024;

export interface Download {
  readonly url: string;
  /** What the archive must hash to. */
  readonly sha256: string;
  /** Where the program goes; made at once, or not at all. */
  readonly to: string;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Fetches a release of abra, checks it, and puts its one program in place.
 * @throws Error saying what went wrong: no answer, a wrong sum, no program in the archive
 */
export async function download(o: Download): Promise<void> {
  const archive = await pRetry(() => fetched(o), { retries: 2, minTimeout: 500, signal: o.signal, shouldRetry: ({ error }) => isPassing(error) });
  const sum = createHash("sha256").update(archive).digest("hex");
  if (sum !== o.sha256) throw new Error(`${o.url} has the sha256 ${sum}, expected ${o.sha256}`);
  await placed(await programIn(archive), o.to);
}

async function fetched(o: Download): Promise<Buffer> {
  const answer = await (o.fetch ?? fetch)(o.url, { signal: AbortSignal.any([o.signal, AbortSignal.timeout(120_000)]) });
  if (!answer.ok) throw new Error(`${o.url} answered ${answer.status}`, { cause: { code: answer.status >= 500 ? "SERVER" : "REFUSED" } });
  return Buffer.from(await answer.arrayBuffer());
}

/** A server's bad moment or a broken connection. A name that can't be found, or a "no", is the same the next time. */
function isPassing(error: Error): boolean {
  const cause = error.cause as { code?: string } | undefined;
  return ["SERVER", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "EAI_AGAIN"].includes(cause?.code ?? "");
}

/** The file `abra` in a gzipped tar. @throws Error where there is none, or it is too long */
export async function programIn(archive: Uint8Array): Promise<Buffer> {
  const tar = extract();
  let program: Buffer | null = null;
  const unpacking = pipeline(Readable.from([archive]), createGunzip(), tar);
  const reading = (async () => {
    for await (const entry of tar) {
      if (entry.header.type !== "file" || !/^(\.\/)?abra$/.test(entry.header.name)) {
        entry.resume();
        continue;
      }
      if ((entry.header.size ?? 0) > longest) throw new Error("abra in the archive is too long");
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      program = Buffer.concat(chunks);
    }
  })();
  await Promise.all([unpacking, reading]);
  if (program === null) throw new Error("the archive holds no file named abra");
  return program;
}

async function placed(program: Buffer, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const beside = `${to}.${process.pid}`;
  try {
    await writeFile(beside, program);
    await chmod(beside, 0o755);
    await rename(beside, to);
  } finally {
    await rm(beside, { force: true });
  }
}
