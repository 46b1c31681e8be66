/** A variable that compose requires (`${X:?message}`) and nobody set. */
export class MissingVariable extends Error {
  override readonly name = "MissingVariable";
  constructor(
    variable: string,
    message: string,
  ) {
    super(`the variable ${variable} is required and not set${message ? `: ${message}` : ""}`);
  }
}

const pattern = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\})/g;

/**
 * Compose's own interpolation: `$X`, `${X}`, `${X:-default}`, `${X-default}`, `${X:+other}`, `${X:?message}`, `$$`.
 * An unset variable is empty.
 * @throws MissingVariable
 */
export function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(pattern, (_whole, dollar: string | undefined, bare?: string, braced?: string, operator?: string, word?: string) => {
    if (dollar) return "$";
    const name = bare ?? braced ?? "";
    return resolve(name, Object.hasOwn(env, name) ? env[name] : undefined, operator ?? "", word ?? "", env);
  });
}

/** The same for every string in a parsed compose file; keys of maps are left alone, as compose does. */
export function interpolateDeep(value: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") return interpolate(value, env);
  if (Array.isArray(value)) return value.map((item) => interpolateDeep(item, env));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolateDeep(item, env)]));
}

function resolve(name: string, value: string | undefined, operator: string, word: string, env: Readonly<Record<string, string>>): string {
  const set = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  if (operator.endsWith("-")) return set ? (value ?? "") : interpolate(word, env);
  if (operator.endsWith("+")) return set ? interpolate(word, env) : "";
  if (operator.endsWith("?") && !set) throw new MissingVariable(name, word);
  return value ?? "";
}
