import { createHash } from "node:crypto";
import { lstat, mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { namesIn } from "./files.ts";

const recordSchema = z.strictObject({ ref: z.string(), engine: z.string(), image: z.string(), pulled: z.boolean() });

/** What recipe-ci wrote down of an image that it brought to an engine or used there: engines tell neither. */
export interface ImageRecord extends z.infer<typeof recordSchema> {
  /** The file's own time: milliseconds since the epoch. */
  readonly usedAt: number;
}

/** One file an image and engine, so that runs at the same time never write to the same one for different things. */
function fileOf(folder: string, { ref, engine }: { ref: string; engine: string }): string {
  return join(folder, `${createHash("sha256").update(JSON.stringify([engine, ref])).digest("hex").slice(0, 32)}.json`);
}

/**
 * Writes down that an image was used just now. What was pulled once stays so while the same image is there.
 * @param pulled recipe-ci brought it where there was none of that name
 * @throws the file system's error
 */
export async function noteImage(folder: string, { pulled, ...image }: z.infer<typeof recordSchema>): Promise<void> {
  const file = fileOf(folder, image);
  const before = await readRecord(file);
  if (before !== null && before.image === image.image && (before.pulled || !pulled)) return utimes(file, new Date(), new Date());
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...image, pulled })}\n`, { mode: 0o600 });
}

/** What is written down of an engine's images; what can't be read is left out. @throws the file system's error */
export async function imageRecords(folder: string, engine: string): Promise<ImageRecord[]> {
  const all = await Promise.all((await namesIn(folder)).map((name) => readRecord(join(folder, name))));
  return all.filter((one) => one !== null && one.engine === engine) as ImageRecord[];
}

/** @throws the file system's error */
export async function forgetImage(folder: string, image: { ref: string; engine: string }): Promise<void> {
  await rm(fileOf(folder, image), { force: true });
}

async function readRecord(file: string): Promise<ImageRecord | null> {
  try {
    return { ...recordSchema.parse(JSON.parse(await readFile(file, "utf8"))), usedAt: (await lstat(file)).mtimeMs };
  } catch {
    return null;
  }
}
