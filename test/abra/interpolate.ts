import type { Env } from "./env.ts";
import { Fatal } from "./log.ts";

const pattern = /\$(?:(\$)|\{([A-Za-z_]\w*)(?:(:?[-?])([^}]*))?\}|([A-Za-z_]\w*))/g;

/**
 * A compose value with its variables replaced, by docker's rules. Needed only for what abra itself reads (names,
 * labels); the deployment's own interpolation is docker's.
 * @throws Fatal where `${X:?message}` finds no value
 */
export function interpolate(text: string, env: Env): string {
  return text.replace(pattern, (_, dollar, braced, operator: string | undefined, word = "", bare) => {
    if (dollar) return "$";
    const value = env[braced ?? bare];
    const present = value !== undefined && (!operator?.startsWith(":") || value !== "");
    if (present || !operator) return value ?? "";
    if (operator.endsWith("?")) throw new Fatal(`required variable ${braced} is missing a value: ${word}`);
    return word;
  });
}
