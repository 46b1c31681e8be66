import type { ZodError } from "zod";
import { nearest } from "../base/nearest.ts";

/** `unknown key "bsaeDomain", did you mean "baseDomain"?` for the first unknown key of a strict schema, else null. */
export function unknownKeys(error: ZodError, known: readonly string[]): string | null {
  for (const issue of error.issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const key = issue.keys[0] ?? "";
    const near = nearest(key, known);
    return `unknown key "${[...issue.path, key].join(".")}"${near ? `, did you mean "${near}"?` : ""}`;
  }
  return null;
}
