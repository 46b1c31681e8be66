import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { messageOf } from "../../harness/base/errors.ts";
import { compressionOf, dumpKind, type DumpRead } from "./dump.ts";

const edge = 4096;

/**
 * Reads one dump, in its own compression or none.
 * @param wanted short texts to look for
 */
export async function readDump(dump: { readonly file: string; readonly path: string; readonly named: boolean }, wanted: readonly string[]): Promise<DumpRead> {
  const { file, path, named } = dump;
  const { size } = await stat(file);
  const seen = { head: "", tail: "" };
  const found = new Set<string>();
  let broken: string | null = null;
  const overlap = Math.max(edge, ...wanted.map((text) => text.length));
  try {
    for await (const chunk of await unpacked(file)) {
      const text = (chunk as Buffer).toString("latin1");
      if (seen.head.length < edge) seen.head = (seen.head + text).slice(0, edge);
      const window = seen.tail + text;
      for (const one of wanted) if (window.includes(one)) found.add(one);
      seen.tail = window.slice(-overlap);
    }
  } catch (error) {
    broken = messageOf(error);
  }
  return { path, bytes: size, named, head: seen.head, tail: seen.tail.slice(-edge), broken, integrity: dumpKind(seen.head) === "sqlite" && broken === null ? await integrityOf(file) : null, found: [...found] };
}

async function unpacked(file: string): Promise<AsyncIterable<unknown>> {
  const compression = compressionOf(await firstBytes(file));
  const content = createReadStream(file);
  if (compression === null) return content;
  const unpacking = compression === "gz" ? createGunzip() : createZstdDecompress();
  content.once("error", (error) => unpacking.destroy(error));
  return content.pipe(unpacking);
}

async function firstBytes(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** A journal beside the file belongs to it: sqlite takes it in, as it would after a restore. */
async function integrityOf(file: string): Promise<string[]> {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(await plain(file));
    return database.prepare("PRAGMA integrity_check(5)").all().map((row) => String(Object.values(row)[0]));
  } catch (error) {
    return [messageOf(error)];
  } finally {
    database?.close();
  }
}

/** The file itself, or beside it what it unpacks to. */
async function plain(file: string): Promise<string> {
  if (compressionOf(await firstBytes(file)) === null) return file;
  await pipeline(await unpacked(file), createWriteStream(`${file}.unpacked`));
  return `${file}.unpacked`;
}
