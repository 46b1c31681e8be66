import { posix } from "node:path";
import { leadsOut } from "../../mounts.ts";
import type { Refuse } from "../bounds.ts";
import { shown } from "../reading.ts";

/** Whether a path that a compose file names is a file of the recipe: an unsure one holds a control character. Links are judged with the tree. */
export function isInside(path: unknown): boolean {
  if (typeof path !== "string" || path === "" || /[\\\p{Cc}]|^[/~]/u.test(path)) return false;
  const plain = posix.normalize(path);
  return !leadsOut(plain) && plain.split("/")[0] !== ".git";
}

/** A file that Docker reads where it is deployed from. */
export function insideOnly(path: unknown, key: string, refuse: Refuse): void {
  if (!isInside(path)) refuse("path-outside", key, `reads ${shown(path)}, which is no file of the recipe`, "name a file in the recipe's own folder");
}
