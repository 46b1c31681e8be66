/** What an image is built from, as files and as one hash. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../base/paths.ts";
import { baseImage, catalogue, type KnownImage } from "./catalogue.ts";

export interface InputFile {
  readonly name: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

/** Folder of an image's inputs. */
export function inputFolder(image: KnownImage): string {
  return join(packageRoot, "test/images", image.folder);
}

/** The files of an image's folder (one level, as all of them are), by name. */
export async function inputFiles(folder: string): Promise<InputFile[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const [content, { mode }] = await Promise.all([readFile(path), stat(path)]);
      return { name, content, executable: (mode & 0o100) !== 0 };
    }),
  );
}

/** Hash of files, build arguments and the base's hash. Pure. */
export function hashInputs(files: readonly InputFile[], buildArgs: Readonly<Record<string, string>>, base: string): string {
  const hash = createHash("sha256").update(JSON.stringify([base, Object.entries(buildArgs).sort()]));
  for (const file of files) hash.update(`\0${file.name}\0${file.executable}\0${file.content.length}\0`).update(file.content);
  return hash.digest("hex").slice(0, 32);
}

/** By reference, the hash of what each known image is built from; `baseIsBuilt` says whether its base is made here too. */
export async function currentInputs(baseIsBuilt: boolean): Promise<Record<string, string>> {
  const base = catalogue.find((image) => image.ref === baseImage)!;
  const baseHash = hashInputs(await inputFiles(inputFolder(base)), {}, "debootstrap");
  const hashes = catalogue.map(async (image) => {
    const hash = image === base ? baseHash : hashInputs(await inputFiles(inputFolder(image)), image.buildArgs, baseIsBuilt ? baseHash : "pulled");
    return [image.ref, hash] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}
