import type { ComposeService } from "../../recipe/types.ts";
import type { ServerEngine, Which } from "./dumped.ts";

/** Databases in which a row can be written through the service's own client. */
export type Engine = ServerEngine | "sqlite";

/** The last part of an image's name: exporters, admin pages and backup tools have others. */
const images: readonly (readonly [ServerEngine, RegExp])[] = [
  ["postgres", /^(postgres|postgresql|pgvector|pgvecto-rs|postgis|timescaledb|timescaledb-ha)$/],
  ["mysql", /^(mariadb|mysql|mysql-server|percona|percona-server)$/],
];

/** The database server that a service is, by its image; null for everything else. */
export function serverOf({ image }: Pick<ComposeService, "image">): ServerEngine | null {
  return images.find(([, pattern]) => pattern.test(lastNameOf(image)))?.[0] ?? null;
}

/** `ghcr.io/immich-app/postgres:14` is `postgres`. */
export function lastNameOf(image: string): string {
  return (image.split("@")[0] ?? "").replace(/:[^/]*$/, "").split("/").at(-1) ?? "";
}

/** Where images of these servers keep their data. */
const dataFolder = /^\/(?:var\/lib\/(?:postgresql|mysql)|bitnami)(?:\/|$)/;

/** Whether a path in a database server's containers is its data, and not a folder beside it: by the usual places, where it has a mount at one of them. */
export function isDataOf({ mounts = {} }: Pick<ComposeService, "mounts">, path: string): boolean {
  const usual = Object.keys(mounts).some((mount) => dataFolder.test(mount));
  return usual ? dataFolder.test(path) : Object.keys(mounts).some((mount) => path === mount || path.startsWith(`${mount}/`));
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

/**
 * Sets `database` from `$1`: a name, a variable's name behind `$`, `only` or `any`; `$2` is what the server's own variables name. Where nobody
 * names one, those that `databases` prints.
 */
const choice = `choose() {
  database=
  case $1 in
    only|any) ;;
    '$'*) database=$(value "\${1#?}") ;;
    =*) database=\${1#?} ;;
  esac
  database=\${database:-$2}
  if [ -n "$database" ]; then return; fi
  all=$(databases)
  database=$(echo "$all" | head -n 1)
  if [ -z "$database" ]; then echo "there is no database to write to" >&2; exit 1; fi
  if [ "$1" = any ] || [ "$all" = "$database" ]; then return; fi
  echo "nobody says which of its databases is dumped: $(echo $all)" >&2; exit 1
}
`;

/** Shell scripts that run the SQL on their stdin and print each row's first column on a line. They run in the service's container. */
const clients: Readonly<Record<Engine, string>> = {
  postgres: `set -e
${value}${choice}
user=$(value POSTGRES_USER); user=\${user:-postgres}
PGPASSWORD=$(value POSTGRES_PASSWORD); export PGPASSWORD
run() { psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$user" -d "$1"; }
databases() {
  all="SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate"
  others=$(echo "$all AND datname <> 'postgres' ORDER BY datname" | run template1)
  if [ -n "$others" ]; then echo "$others"; else echo "$all" | run template1; fi
}
choose "$1" "$(value POSTGRES_DB)"
run "$database"`,
  mysql: `set -e
${value}${choice}
client=mariadb; command -v mariadb >/dev/null || client=mysql
user=root; MYSQL_PWD=$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
if [ -z "$MYSQL_PWD" ]; then
  own=$(value MARIADB_USER MYSQL_USER); user=\${own:-root}; MYSQL_PWD=$(value MARIADB_PASSWORD MYSQL_PASSWORD)
fi
export MYSQL_PWD
databases() {
  $client -u"$user" -N -B -e "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ('mysql','sys','information_schema','performance_schema') ORDER BY schema_name"
}
choose "$1" "$(value MARIADB_DATABASE MYSQL_DATABASE)"
exec $client -u"$user" -N -B "$database"`,
  sqlite: `set -e
for file in "$@"; do
  if [ -f "$file" ] && [ "$(head -c 15 "$file")" = "SQLite format 3" ]; then exec sqlite3 -cmd ".timeout 5000" "$file"; fi
done
echo "no sqlite database among $*" >&2
exit 1`,
};

/** Where the SQL goes: which database of a server, or in which file the database may be. */
export type Target = { readonly engine: ServerEngine; readonly which: Which } | { readonly engine: "sqlite"; readonly files: readonly string[] };

/** What runs SQL from stdin in a service's container. */
export function client(target: Target): string[] {
  return ["sh", "-c", clients[target.engine], "client", ...(target.engine === "sqlite" ? target.files : [inWord(target.which)])];
}

function inWord(which: Which): string {
  if (typeof which === "string") return which;
  return which.name.startsWith("$") ? which.name : `=${which.name}`;
}

const table = "recipe_ci_witness";

const named: Readonly<Record<Engine, string>> = { postgres: "SELECT current_database();\n", mysql: "SELECT database();\n", sqlite: "" };

/** A table of our own with two rows; a server says then in which of its databases. Planting again puts them back. @param wanted letters, digits, spaces and dashes only */
export function plantSql(engine: Engine, wanted: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (name varchar(16) PRIMARY KEY, said varchar(64));
DELETE FROM ${table};
INSERT INTO ${table} (name, said) VALUES ('first', '${wanted}');
INSERT INTO ${table} (name, said) VALUES ('second', '${wanted}');
${named[engine]}`;
}

/** Where it stands now: databases that come later change nothing. @param printed by `plantSql` */
export function plantedIn(target: Target, printed: string): Target {
  const name = printed.trim().split("\n").at(-1) ?? "";
  return target.engine === "sqlite" || name === "" ? target : { ...target, which: { name } };
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
