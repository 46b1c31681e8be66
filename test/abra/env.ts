/** An app's env file: docker's env_file syntax with direnv's habits, and modifiers in trailing comments. */

export type Env = Readonly<Record<string, string>>;

export interface EnvFile {
  readonly env: Env;
  /** `SECRET_X_VERSION=v1 # length=32 charset=hex`: the words of the comment, by variable. */
  readonly modifiers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const assignment = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;

/** Earlier values expand in later ones (`COMPOSE_FILE="$COMPOSE_FILE:compose.db.yml"`), not inside single quotes. */
export function parseEnv(text: string): EnvFile {
  const env: Record<string, string> = {};
  const modifiers: Record<string, Record<string, string>> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, key, raw] = assignment.exec(line) ?? [];
    if (!key || raw === undefined) continue;
    const { value, comment, literal } = splitValue(raw);
    env[key] = literal ? value : expand(value, env);
    const words = Object.fromEntries([...comment.matchAll(/([a-z]+)=(\S+)/g)].map(([, k = "", v = ""]) => [k, v]));
    if (Object.keys(words).length > 0) modifiers[key] = words;
  }
  return { env, modifiers };
}

function splitValue(raw: string): { value: string; comment: string; literal: boolean } {
  const quoted = /^\s*(["'])(.*?)\1\s*(?:#(.*))?$/.exec(raw);
  if (quoted) return { value: quoted[2] ?? "", comment: quoted[3] ?? "", literal: quoted[1] === "'" };
  const [, value = "", comment = ""] = /^(.*?)(?:(?:^|\s)#(.*))?$/.exec(raw) ?? [];
  return { value: value.trim(), comment, literal: false };
}

function expand(value: string, env: Env): string {
  return value.replace(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g, (_, braced, bare) => env[braced ?? bare] ?? "");
}

/** `recipe` and `version` of `TYPE=recipe:version`; a recipe may be a git address, so only a colon that no slash follows counts. */
export function splitType(type: string): { recipe: string; version: string | null } {
  const [, recipe = type, version = null] = /^(.*[^:/]):([^:/]+)$/.exec(type) ?? [];
  return { recipe, version };
}

/** The text with the version written behind the recipe in `TYPE=` or `RECIPE=`, everything else untouched. */
export function withVersion(text: string, version: string): string {
  return text.replace(/^(\s*(?:export\s+)?(?:TYPE|RECIPE)=)(["']?)([^"'\s#]+)\2/m, (_, head, quote, type) => {
    return `${head}${quote}${splitType(type).recipe}:${version}${quote}`;
  });
}

/** Variables that abra.sh exports; read as text, one a line, never run. [R] how abra reads them */
export function abraShExports(text: string): Env {
  const exported = text.split(/\r?\n/).filter((line) => /^export\s+[A-Za-z_]\w*=/.test(line));
  return parseEnv(exported.join("\n")).env;
}
