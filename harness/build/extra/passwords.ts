import type { ComposeService } from "../../recipe/types.ts";
import { client, serverOf } from "../witness/database.ts";

/** What an operator tells a database server whose password is rotated: it took the old one when it was first started. */
export interface PasswordChange {
  readonly service: string;
  /** Its own client, run in its container. */
  readonly argv: readonly string[];
  /** On its stdin: passwords stand on no command line. */
  readonly sql: string;
}

type Server = NonNullable<ReturnType<typeof serverOf>>;

/** By server: the variables of official images that name a password's file, and what changes it. */
const accounts: Readonly<Record<Server, readonly { readonly file: string; readonly sql: (password: string, env: Readonly<Record<string, string>>) => string }[]>> = {
  postgres: [{ file: "POSTGRES_PASSWORD_FILE", sql: (password) => `ALTER ROLE CURRENT_USER PASSWORD ${quoted(password)};\n` }],
  mysql: ["MARIADB", "MYSQL"].flatMap((prefix) => [
    { file: `${prefix}_PASSWORD_FILE`, sql: (password: string, env: Readonly<Record<string, string>>) => alter(env[`${prefix}_USER`] ?? "", "%", password) },
    { file: `${prefix}_ROOT_PASSWORD_FILE`, sql: (password: string) => alter("root", "%", password) + alter("root", "localhost", password) },
  ]),
};

/**
 * What has to be changed in the app's database servers for these new passwords. Servers are told by their image, and only as the official
 * images are set up: a password in /run/secrets/NAME.
 * @param secrets new values by the secrets' names
 */
export function passwordChanges(services: readonly Pick<ComposeService, "name" | "image" | "env">[], secrets: Readonly<Record<string, string>>): PasswordChange[] {
  return services.flatMap(({ name, image, env }) => {
    const server = serverOf({ image });
    if (server === null) return [];
    const sql = accounts[server].flatMap((account) => {
      const password = secrets[/^\/run\/secrets\/(.+)$/.exec(env[account.file] ?? "")?.[1] ?? ""];
      return password === undefined ? [] : [account.sql(password, env)];
    });
    return sql.length > 0 ? [{ service: name, argv: client({ engine: server, which: "any" }), sql: sql.join("") }] : [];
  });
}

function alter(user: string, host: string, password: string): string {
  return user === "" ? "" : `ALTER USER IF EXISTS ${quoted(user)}@${quoted(host)} IDENTIFIED BY ${quoted(password)};\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
