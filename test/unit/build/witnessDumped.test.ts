import { describe, expect, it } from "vitest";
import { dumpedDatabase } from "../../../harness/build/witness/dumped.ts";

const hook = (service: string, backupPre: string | null) => ({ service, backupPre, backupPost: null, restorePre: null, restorePost: null });

describe("which database a dump is of, by the hooks", () => {
  it.each<["postgres" | "mysql", string, unknown]>([
    ["postgres", 'sh -c "pg_dump -U postgres gitea > /var/lib/postgresql/data/backup.sql"', { name: "gitea" }],
    ["postgres", "pg_dump --username=postgres --dbname gitea --no-owner -f /data/backup.sql", { name: "gitea" }],
    ["postgres", "pg_dump --dbname='gitea' > /x", { name: "gitea" }],
    ["postgres", "pg_dump -Fc -Upostgres -dgitea | gzip > /x", { name: "gitea" }],
    ["postgres", 'sh -c "PGPASSWORD=$(cat /run/secrets/db) pg_dump -h db -p 5432 -U \\"$POSTGRES_USER\\" \\"${POSTGRES_DB}\\" > /x"', { name: "$POSTGRES_DB" }],
    ["postgres", "pg_dump -U postgres $DB_NAME", { name: "$DB_NAME" }],
    ["postgres", "pg_dump -U postgres > /x", "only"],
    ["postgres", "pg_dump -U postgres $(cat /etc/name) > /x", "only"],
    ["postgres", "pg_dump postgresql://app@db/gitea > /x", "only"],
    ["postgres", "pg_dumpall -U postgres > /x", "any"],
    ["postgres", "/pg_backup.sh backup", "only"],
    ["postgres", "mysqldump wordpress", "only"],
    ["mysql", 'sh -c "mysqldump -u root -p\\"$(cat /run/secrets/db_root)\\" wordpress > /x"', { name: "wordpress" }],
    ["mysql", "mariadb-dump --user root --single-transaction wordpress wp_posts > /x", { name: "wordpress" }],
    ["mysql", "mysqldump -uroot --databases shop blog > /x", { name: "shop" }],
    ["mysql", "mysqldump -uroot --result-file /x --all-databases", "any"],
    ["mysql", "mysqldump -u root -A > /x", "any"],
    ["mysql", "/db_backup.sh backup", "only"],
  ])("%s: %s", (engine, backupPre, which) => expect(dumpedDatabase(engine, "db", [hook("db", backupPre)])).toEqual(which));

  it("the server's own hook says more than another service's, which may dump over the network", () => {
    const hooks = [hook("app", "pg_dump -h db other"), hook("db", "pg_dump own"), hook("web", null)];
    expect(dumpedDatabase("postgres", "db", hooks)).toEqual({ name: "own" });
    expect(dumpedDatabase("postgres", "store", hooks)).toEqual({ name: "other" });
    expect(dumpedDatabase("postgres", "db", [])).toBe("only");
  });
});
