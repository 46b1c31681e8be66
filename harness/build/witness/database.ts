import type { ComposeService } from "../../recipe/types.ts";

/** Databases in which a row can be written through the service's own client. */
export type Engine = "postgres" | "mysql" | "sqlite";

/** The last part of an image's name: exporters, admin pages and backup tools have others. */
const images: readonly (readonly [Exclude<Engine, "sqlite">, RegExp])[] = [
  ["postgres", /^(postgres|postgresql|pgvector|pgvecto-rs|postgis|timescaledb|timescaledb-ha)$/],
  ["mysql", /^(mariadb|mysql|mysql-server|percona|percona-server)$/],
];

/** The database server that a service is, by its image; null for everything else. */
export function serverOf({ image }: Pick<ComposeService, "image">): Exclude<Engine, "sqlite"> | null {
  const name = (image.split("@")[0] ?? "").replace(/:[^/]*$/, "").split("/").at(-1) ?? "";
  return images.find(([, pattern]) => pattern.test(name))?.[0] ?? null;
}

/** `value NAME...`: the first of these variables that is set, itself or as the file that NAME_FILE names, as official images read them. */
const value = `value() {
  for name in "$@"; do
    eval "plain=\\\${$name:-} file=\\\${\${name}_FILE:-}"
    if [ -n "$plain" ]; then printf %s "$plain"; return; fi
    if [ -n "$file" ]; then cat "$file"; return; fi
  done
}
`;

/** Shell scripts that run the SQL on their stdin and print each row's first column on a line. They run in the service's container. */
const clients: Readonly<Record<Engine, string>> = {
  postgres: `set -e
${value}
user=$(value POSTGRES_USER); user=\${user:-postgres}
database=$(value POSTGRES_DB); database=\${database:-$user}
PGPASSWORD=$(value POSTGRES_PASSWORD); export PGPASSWORD
exec psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$user" -d "$database"`,
  mysql: `set -e
${value}
client=mariadb; command -v mariadb >/dev/null || client=mysql
user=root; MYSQL_PWD=$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
if [ -z "$MYSQL_PWD" ]; then
  own=$(value MARIADB_USER MYSQL_USER); user=\${own:-root}; MYSQL_PWD=$(value MARIADB_PASSWORD MYSQL_PASSWORD)
fi
export MYSQL_PWD
database=$(value MARIADB_DATABASE MYSQL_DATABASE)
if [ -z "$database" ]; then
  database=$($client -u"$user" -N -B -e "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ('mysql','sys','information_schema','performance_schema') LIMIT 1")
fi
if [ -z "$database" ]; then echo "there is no database to write to" >&2; exit 1; fi
exec $client -u"$user" -N -B "$database"`,
  sqlite: `set -e
for file in "$@"; do
  if [ -f "$file" ] && [ "$(head -c 15 "$file")" = "SQLite format 3" ]; then exec sqlite3 -cmd ".timeout 5000" "$file"; fi
done
echo "no sqlite database among $*" >&2
exit 1`,
};

/** What runs SQL from stdin in a service's container. @param files where the database may be (sqlite only) */
export function client(engine: Engine, files: readonly string[]): string[] {
  return ["sh", "-c", clients[engine], "client", ...files];
}

const table = "recipe_ci_witness";

/** A table of our own with two rows. Planting again puts them back. @param wanted letters, digits, spaces and dashes only */
export function plantSql(wanted: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (name varchar(16) PRIMARY KEY, said varchar(64));
DELETE FROM ${table};
INSERT INTO ${table} (name, said) VALUES ('first', '${wanted}');
INSERT INTO ${table} (name, said) VALUES ('second', '${wanted}');
`;
}

export const readSql: Readonly<Record<Engine, string>> = {
  postgres: `SELECT name || '=' || said FROM ${table};\n`,
  mysql: `SELECT concat(name, '=', said) FROM ${table};\n`,
  sqlite: `SELECT name || '=' || said FROM ${table};\n`,
};

export function alterSql(other: string): string {
  return `DELETE FROM ${table} WHERE name = 'first';
UPDATE ${table} SET said = '${other}' WHERE name = 'second';
`;
}

/** What the reading printed. */
export function halvesIn(printed: string): { first: string | null; second: string | null } {
  const rows = new Map(printed.split("\n").map((line) => line.trim().split("=", 2) as [string, string]));
  return { first: rows.get("first") ?? null, second: rows.get("second") ?? null };
}

/** Whether the client's complaint says that the table itself is not there: that is an answer, not trouble. */
export function isTableMissing(said: string): boolean {
  return new RegExp(`relation "${table}" does not exist|Table '.*${table}' doesn't exist|no such table: ${table}`).test(said);
}
