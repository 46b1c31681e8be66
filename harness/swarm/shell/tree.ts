import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pack, type Pack } from "tar-stream";

/** A local folder's content as a tar stream: files and folders with their modes, symlinks as symlinks, all owned by root. */
export function tarOfTree(dir: string): Pack {
  const tar = pack();
  addFolder(tar, dir, "").then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return tar;
}

/** A tar stream of one file. */
export function tarOfFile(name: string, content: string | Uint8Array, mode: number): Pack {
  const tar = pack();
  tar.entry({ name, mode }, Buffer.from(content as Uint8Array));
  tar.finalize();
  return tar;
}

async function addFolder(tar: Pack, root: string, inside: string): Promise<void> {
  const names = await readdir(join(root, inside));
  for (const name of names.sort()) await addEntry(tar, root, inside ? `${inside}/${name}` : name);
}

async function addEntry(tar: Pack, root: string, name: string): Promise<void> {
  const path = join(root, name);
  const stats = await lstat(path);
  const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime };
  if (stats.isSymbolicLink()) {
    await entry(tar, { ...header, type: "symlink", linkname: await readlink(path) });
  } else if (stats.isDirectory()) {
    await entry(tar, { ...header, type: "directory" });
    await addFolder(tar, root, name);
  } else if (stats.isFile()) {
    await entry(tar, { ...header, type: "file" }, await readFile(path));
  }
}

function entry(tar: Pack, header: Parameters<Pack["entry"]>[0], content?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content) tar.entry(header, content, done);
    else tar.entry(header, done);
  });
}
