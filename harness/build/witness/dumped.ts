import type { BackupPlan } from "../../recipe/backup.ts";

/**
 * Which database of a server: the one of this name (`$NAME`: of the service's variable); the one that the server's own variables name,
 * or else the only one that it has; or, where all of them count, whichever comes first.
 */
export type Which = { readonly name: string } | "only" | "any";

/** Servers whose dumps are known. */
export type ServerEngine = "postgres" | "mysql";

/** The program, and of its options those that take the next word as their value. Long ones with `=` are one word. */
const programs: Readonly<Record<ServerEngine, { readonly dump: RegExp; readonly all: RegExp; readonly names: RegExp; readonly values: RegExp }>> = {
  postgres: {
    dump: /\bpg_dump(?!all)\b([^|;&<>]*)/,
    all: /\bpg_dumpall\b/,
    names: /^(?:-d|--dbname)$/,
    values: /^(?:-[fFEhjnNpStTUZ]|--(?:file|format|encoding|host|jobs|schema|exclude-schema|port|superuser|table|exclude-table|exclude-table-data|username|compress|role|lock-wait-timeout|rows-per-insert|section|snapshot))$/,
  },
  mysql: {
    dump: /\b(?:mysqldump|mariadb-dump)\b([^|;&<>]*)/,
    all: /\b(?:mysqldump|mariadb-dump)\b[^|;&<>]*\s(?:-A|--all-databases)\b/,
    names: /^(?:-B|--databases)$/,
    values: /^(?:-[uhPSrw]|--(?:user|host|port|socket|result-file|where|protocol|default-character-set|ignore-table|max-allowed-packet))$/,
  },
};

/** Which of a server's databases the hooks dump, as far as they say: a script says nothing. The server's own hook counts first. */
export function dumpedDatabase(engine: ServerEngine, service: string, hooks: BackupPlan["hooks"]): Which {
  const own = hooks.filter((hook) => hook.service === service);
  for (const { backupPre } of [...own, ...hooks]) {
    const which = backupPre === null ? null : inCommand(engine, backupPre);
    if (which !== null) return which;
  }
  return "only";
}

/** Null where the command dumps nothing of this engine by itself. */
function inCommand(engine: ServerEngine, command: string): Which | null {
  // What a substitution comes to is known in the container only, and it has words of its own.
  const plain = command.replaceAll(/\$\([^)]*\)|`[^`]*`/g, "$()");
  const { dump, all } = programs[engine];
  if (all.test(plain)) return "any";
  const words = dump.exec(plain)?.[1];
  if (words === undefined) return null;
  const name = nameAmong(engine, words.split(/\s+/).map((word) => word.replaceAll(/["'\\]/g, "")).filter((word) => word !== ""));
  const variable = /^\$(?:\{(\w+)\}|(\w+))$/.exec(name ?? "");
  if (variable) return { name: `$${variable[1] ?? variable[2]}` };
  return name !== null && /^[\w-]+$/.test(name) ? { name } : "only";
}

function nameAmong(engine: ServerEngine, words: readonly string[]): string | null {
  const { names, values } = programs[engine];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (names.test(word)) return words[at + 1] ?? null;
    const attached = engine === "postgres" ? /^(?:--dbname=|-d)(.+)$/.exec(word)?.[1] : undefined;
    if (attached !== undefined) return attached;
    if (values.test(word)) at += 1;
    else if (!word.startsWith("-")) return word;
  }
  return null;
}
