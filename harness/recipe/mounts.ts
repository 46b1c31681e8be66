import { posix } from "node:path";

/**
 * The mount that a path of a container lies in, and where in it (`.` is its root); null for the container's own files. The innermost
 * mount counts. Pure.
 */
export function mountBehind<Mount extends { readonly path: string }>(mounts: readonly Mount[], path: string): { mount: Mount; inner: string } | null {
  for (const mount of mounts.toSorted((a, b) => b.path.length - a.path.length)) {
    const inner = posix.relative(mount.path, path) || ".";
    if (!leadsOut(inner)) return { mount, inner };
  }
  return null;
}

/** Whether a relative path leaves the folder that it starts from; `..x` is a name like any other. Pure. */
export function leadsOut(path: string): boolean {
  return path === ".." || path.startsWith("../");
}
