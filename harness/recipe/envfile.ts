import { FindingError } from "../base/errors.ts";

/** One active assignment of a .env or .env.sample file. */
export interface EnvEntry {
  readonly key: string;
  /** With quotes removed and earlier values expanded. */
  readonly value: string;
  /** What the trailing comment says in `key=value` form: `# length=128 charset=hex`. */
  readonly modifiers: Readonly<Record<string, string>>;
}

interface Line {
  /** Everything before the value: indent, `export`, key, `=`. */
  readonly head: string;
  readonly key: string;
  readonly raw: string;
  readonly quote: "" | '"' | "'";
  /** Blanks and comment after the value. */
  readonly tail: string;
}

const assignment = /^(\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=[ \t]*)(.*)$/s;
/** What Linux hands to a process in one variable. */
const longestValue = 131_072;

/**
 * The assignments of an env file in order, in the syntax of Docker's env_file and direnv. A key that stands twice is
 * listed twice; the last one counts. Only values set earlier in the same file are expanded, never this process's environment.
 */
export function parseEnv(text: string): EnvEntry[] {
  const values = new Map<string, string>();
  const entries: EnvEntry[] = [];
  for (const source of splitLines(text)) {
    const line = parseLine(source);
    if (!line) continue;
    const value = valueOf(line, values);
    values.set(line.key, value);
    entries.push({ key: line.key, value, modifiers: modifiersOf(line.tail) });
  }
  return entries;
}

/** Key to value, the last assignment of a key winning. */
export function envValues(text: string): Record<string, string> {
  return Object.fromEntries(parseEnv(text).map(({ key, value }) => [key, value]));
}

/** Sets keys and leaves every other byte as it is: the last active assignment is changed in place, a new key is appended. */
export function setEnv(text: string, values: Readonly<Record<string, string>>): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(/\r?\n/);
  for (const [key, value] of Object.entries(values)) {
    const at = lines.findLastIndex((line) => parseLine(line)?.key === key);
    const found = at < 0 ? null : parseLine(lines[at] ?? "");
    if (found) lines[at] = `${found.head}${quoted(value)}${found.tail}`;
    else if (lines.at(-1) === "") lines.splice(-1, 0, `${key}=${quoted(value)}`);
    else lines.push(`${key}=${quoted(value)}`, "");
  }
  return lines.join(newline);
}

/** What an operator has to add to go from one sample to the next: plain keys, and the names of secrets. */
export function addedKeys(baseSample: string, headSample: string): { env: string[]; secrets: string[] } {
  const before = new Set(parseEnv(baseSample).map(({ key }) => key));
  const added = [...new Set(parseEnv(headSample).map(({ key }) => key))].filter((key) => !before.has(key));
  return {
    env: added.filter((key) => secretOf(key) === null),
    secrets: added.flatMap((key) => secretOf(key) ?? []),
  };
}

/** `SECRET_DB_PASSWORD_VERSION` is the version of the secret `db_password`; null for any other key. */
export function secretOf(key: string): string | null {
  const name = /^SECRET_(.+)_VERSION$/.exec(key)?.[1];
  return name === undefined ? null : name.toLowerCase();
}

/** The compose files that an app is made of, in order of merging. */
export function composeFiles(env: Readonly<Record<string, string>>): string[] {
  const listed = (env.COMPOSE_FILE ?? "").split(":").filter((file) => file !== "");
  return listed.length > 0 ? listed : ["compose.yml"];
}

/** The plain `export X=value` lines of an abra.sh. Nothing is executed: a value with a substitution is left out. */
export function exportsOf(abraSh: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const source of splitLines(abraSh)) {
    if (!/^export\s/.test(source)) continue;
    const line = parseLine(source);
    if (line && !/[$`]/.test(line.raw)) found[line.key] = line.raw;
  }
  return found;
}

function splitLines(text: string): string[] {
  return text.split(/\r?\n/);
}

function parseLine(source: string): Line | null {
  const match = assignment.exec(source);
  if (!match) return null;
  const [, head = "", key = "", rest = ""] = match;
  const quotedValue = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')(\s*(?:#.*)?)$/.exec(rest);
  if (quotedValue) {
    const [, double, single, tail = ""] = quotedValue;
    return { head, key, raw: double ?? single ?? "", quote: double === undefined ? "'" : '"', tail };
  }
  const comment = rest.search(/(?:^|\s)#/);
  const end = rest.slice(0, comment < 0 ? rest.length : comment).trimEnd().length;
  return { head, key, raw: rest.slice(0, end), quote: "", tail: rest.slice(end) };
}

const plainReference = /\\(?<escaped>.)|\$(?<bare>[A-Za-z_]\w*)/gs;
const anyReference = new RegExp(`${plainReference.source}|\\$\\{(?<braced>[A-Za-z_]\\w*)(?::?-(?<fallback>[^}]*))?\\}`, "gs");

/** @throws FindingError (recipe, invalid-env) where references make it longer than any process could be given */
function valueOf({ key, raw, quote }: Line, earlier: ReadonlyMap<string, string>): string {
  if (quote === "'") return raw;
  let length = 0;
  const expanded = (whole: string, ...rest: unknown[]) => {
    const { escaped, bare, braced, fallback } = rest.at(-1) as Partial<Record<string, string>>;
    if (escaped !== undefined) return unescape(whole, escaped, quote);
    const value = earlier.get(braced ?? bare ?? "") || (fallback ?? "");
    length += value.length;
    if (length > longestValue) throw tooLong(key);
    return value;
  };
  // Behind the last brace no reference ends: to look for its end from each one on would take for ever.
  const last = raw.lastIndexOf("}") + 1;
  return `${raw.slice(0, last).replace(anyReference, expanded)}${raw.slice(last).replace(plainReference, expanded)}`;
}

function tooLong(key: string): FindingError {
  return new FindingError("recipe", { class: "invalid-env", service: null, summary: `the env file makes ${key} longer than ${longestValue} characters`, evidence: [], hint: `no process can be given so much in one variable: shorten ${key}` });
}

function unescape(whole: string, character: string, quote: string): string {
  if (character === "$") return "$";
  if (quote !== '"') return whole;
  if (character === "n") return "\n";
  if (character === "r") return "\r";
  return character === '"' || character === "\\" ? character : whole;
}

function modifiersOf(tail: string): Record<string, string> {
  const comment = tail.slice(tail.indexOf("#") + 1);
  return Object.fromEntries([...comment.matchAll(/(?:^|\s)([a-z][\w-]*)=(\S+)/g)].map((m) => [m[1] ?? "", m[2] ?? ""]));
}

/** A value as an env file holds it: plain, else in single quotes, else escaped in double ones. */
export function quoted(value: string): string {
  if (value.includes("\0")) throw new TypeError("an env value can't hold a NUL");
  if (/^[\w@%+=:,./-]*$/.test(value)) return value;
  if (!/['\r\n]/.test(value)) return `'${value}'`;
  return `"${value.replace(/[\\"$]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`;
}
