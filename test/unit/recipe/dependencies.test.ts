import { describe, expect, it } from "vitest";
import { dependencies } from "../../../harness/recipe/dependencies.ts";
import { appOf } from "./compose.ts";

const one = (env: Record<string, string>, command: string[] = []) => dependencies(appOf({ web: { env, command }, app: {}, db: {}, "my-cache": {} }), "word_ci").web;

describe("a sibling's name standing as a host", () => {
  it.each([
    ["DB_HOST", "db", ["db"]],
    ["HOSTNAME", "db", ["db"]],
    ["DATABASE_URL", "db", ["db"]],
    ["REDIS_HOST", "my-cache", ["my-cache"]],
    ["DB_HOST", "word_ci_db", ["db"]],
    ["DB_HOST", "tasks.db", ["db"]],
    ["HOSTS", "db,my-cache", ["db", "my-cache"]],
    ["DSN", "postgres://user:p@ss@db/app", ["db"]],
    ["X", "http://app", ["app"]],
    ["X", "http://app/path", ["app"]],
    ["X", "redis://:secret@my-cache:6379/0", ["my-cache"]],
    ["X", "root:pw@tcp(db:3306)/app", ["db"]],
    ["X", "db:5432", ["db"]],
    ["PGHOST", "db", ["db"]],
    ["DBHOST", "db", ["db"]],
    ["X", "host=db user=x dbname=app", ["db"]],
    ["X", "mysql:host=db;dbname=app", ["db"]],
    ["X", "host=word_ci_db user=x", ["db"]],
    ["X", "jdbc:postgresql://word_ci_db:5432/app", ["db"]],
  ])("%s=%s", (key, value, expected) => expect(one({ [key]: value })).toEqual(expected));

  it.each([
    ["POSTGRES_DB", "app"],
    ["DB_NAME", "db"],
    ["ROOT_PATH", "/app"],
    ["DIR", "/app:80"],
    ["DATA", "/srv/db"],
    ["X", "http://app.example.com"],
    ["X", "http://example.com/app"],
    ["X", "myapp:80"],
    ["X", "app:latest"],
    ["X", "my-app:80"],
    ["CACHE_IMAGE", "db:7"],
    ["PASSWORD_FILE", "/run/secrets/word_ci_db_password"],
    ["SECRET", "word_ci_db_root_v1"],
    ["WEB_URL", "web"],
    ["GHOST", "db"],
    ["X", "host=db.example.com"],
    ["X", "localhost=db"],
    ["X", "http://application"],
  ])("%s=%s is none", (key, value) => expect(one({ [key]: value })).toEqual([]));

  it("counts in a command too", () => expect(one({}, ["--backend", "http://app:9000"])).toEqual(["app"]));
});

describe("cycles", () => {
  it("drops both directions: no service excuses one that it waits for", () => {
    const found = dependencies(appOf({ app: { env: { DB_HOST: "db" } }, web: { dependsOn: ["app"] }, db: {}, job: { env: { A_URL: "http://loop" } }, loop: { env: { B_URL: "http://job" } } }), "s");
    expect(found).toEqual({ app: ["db"], web: ["app"], db: [], job: [], loop: [] });
  });

  it("drops a cycle of three and keeps what leads into it", () => {
    const found = dependencies(appOf({ a: { dependsOn: ["b"] }, b: { dependsOn: ["c"] }, c: { dependsOn: ["a"] }, d: { dependsOn: ["a"] } }), "s");
    expect(found).toEqual({ a: [], b: [], c: [], d: ["a"] });
  });

  it("leaves out names that no service has, and a service's own", () => {
    expect(dependencies(appOf({ a: { dependsOn: ["a", "gone"] } }), "s")).toEqual({ a: [] });
  });
});
