/**
 * The lasting cache on disk: content by digest, and what is known of each repository. Processes may share the folder:
 * every file appears whole, by rename. Layout:
 *   blobs/sha256/<xx>/<hex>                          content, verified
 *   repositories/<host>/<repo, / as +>/known/<hex>   the registry served this digest under this repository
 *   repositories/<host>/<repo>/tags/<tag>            the last digest seen for a tag
 *   repositories/<host>/<repo>/public                readable without credentials; its mtime is when that was seen
 */
import { createHash, randomUUID } from "node:crypto";
import { type ReadStream, createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const publicForMs = 24 * 3_600_000;
const digestPattern = /^sha256:([0-9a-f]{64})$/;

/** A download that becomes content only when its digest is right. */
export interface StoreWriter {
  write(chunk: Buffer): Promise<void>;
  /** @throws Error where the bytes are not what the digest says; nothing is kept then */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export class ImageStore {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Size in bytes, or null where the content is not here. */
  async size(digest: string): Promise<number | null> {
    try {
      return (await stat(this.#blob(digest))).size;
    } catch (error) {
      return absent(error, null);
    }
  }

  stream(digest: string, start: number): ReadStream {
    this.#used(digest);
    return createReadStream(this.#blob(digest), { start });
  }

  /** Small content (manifests, image configs) in memory, or null. Content that no longer has its digest is dropped. */
  async read(digest: string): Promise<Buffer | null> {
    try {
      const bytes = await readFile(this.#blob(digest));
      this.#used(digest);
      if (sha256(bytes) === digest) return bytes;
      await this.drop(digest);
      return null;
    } catch (error) {
      return absent(error, null);
    }
  }

  /** @throws Error where the bytes do not have that digest */
  async put(digest: string, bytes: Buffer): Promise<void> {
    if ((await this.size(digest)) !== null) return;
    const writer = await this.writer(digest);
    await writer.write(bytes);
    await writer.commit();
  }

  async writer(digest: string): Promise<StoreWriter> {
    const file = this.#blob(digest);
    const temporary = `${file}.${process.pid}.${randomUUID()}.part`;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return new PartialFile(await open(temporary, "wx", 0o600), temporary, file, digest);
  }

  async drop(digest: string): Promise<void> {
    await unlink(this.#blob(digest)).catch((error: unknown) => absent(error, undefined));
  }

  async isKnown(host: string, repository: string, digest: string): Promise<boolean> {
    return (await this.#mtime(this.#fact(host, repository, "known", hex(digest)))) !== null;
  }

  async setKnown(host: string, repository: string, digest: string): Promise<void> {
    await this.#writeFact(this.#fact(host, repository, "known", hex(digest)), "");
  }

  /** Whether the repository was readable without credentials; `fresh` where that was seen within a day. */
  async isPublic(host: string, repository: string): Promise<{ readonly ever: boolean; readonly fresh: boolean }> {
    const at = await this.#mtime(this.#fact(host, repository, "public"));
    return { ever: at !== null, fresh: at !== null && Date.now() - at < publicForMs };
  }

  async setPublic(host: string, repository: string, isPublic: boolean): Promise<void> {
    const file = this.#fact(host, repository, "public");
    if (isPublic) await this.#writeFact(file, "");
    else await unlink(file).catch((error: unknown) => absent(error, undefined));
  }

  /** The last digest that a registry gave for a tag, or null. */
  async tag(host: string, repository: string, tag: string): Promise<string | null> {
    try {
      const digest = (await readFile(this.#fact(host, repository, "tags", tag), "utf8")).trim();
      return digestPattern.test(digest) ? digest : null;
    } catch (error) {
      return absent(error, null);
    }
  }

  async setTag(host: string, repository: string, tag: string, digest: string): Promise<void> {
    await this.#writeFact(this.#fact(host, repository, "tags", tag), `${digest}\n`);
  }

  /** Housekeeping goes by it: disks note reads once a day, or not at all. */
  #used(digest: string): void {
    const now = new Date();
    utimes(this.#blob(digest), now, now).catch(() => {});
  }

  #blob(digest: string): string {
    const name = hex(digest);
    return join(this.dir, "blobs/sha256", name.slice(0, 2), name);
  }

  /** A repository's path has no "+", so the flat name is unambiguous. */
  #fact(host: string, repository: string, ...rest: string[]): string {
    return join(this.dir, "repositories", encodeURIComponent(host), repository.replaceAll("/", "+"), ...rest);
  }

  async #writeFact(file: string, content: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}.${randomUUID()}`;
    await writeFile(temporary, content, { mode: 0o600 });
    await rename(temporary, file);
  }

  async #mtime(file: string): Promise<number | null> {
    try {
      return (await stat(file)).mtimeMs;
    } catch (error) {
      return absent(error, null);
    }
  }
}

class PartialFile implements StoreWriter {
  readonly #handle: FileHandle;
  readonly #temporary: string;
  readonly #file: string;
  readonly #digest: string;
  readonly #hash = createHash("sha256");

  constructor(handle: FileHandle, temporary: string, file: string, digest: string) {
    this.#handle = handle;
    this.#temporary = temporary;
    this.#file = file;
    this.#digest = digest;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk);
    await this.#handle.writeFile(chunk);
  }

  async commit(): Promise<void> {
    const got = `sha256:${this.#hash.digest("hex")}`;
    if (got !== this.#digest) {
      await this.abort();
      throw new Error(`what came for ${this.#digest} has the digest ${got}`);
    }
    // On disk before it has its name: a file that a crash left short would be served for ever.
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#temporary, this.#file);
  }

  async abort(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await unlink(this.#temporary).catch((error: unknown) => absent(error, undefined));
  }
}

export function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function hex(digest: string): string {
  const found = digestPattern.exec(digest)?.[1];
  if (!found) throw new TypeError(`not a sha256 digest: ${digest}`);
  return found;
}

function absent<T>(error: unknown, value: T): T {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return value;
  throw error;
}

