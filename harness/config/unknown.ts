import leven from "leven";
import type { ZodError } from "zod";

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

/** The known word nearest to a misspelt one, where it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  const [best] = known.map((name) => ({ name, distance: leven(word.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.name : null;
}
