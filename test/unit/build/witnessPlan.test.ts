import { describe, expect, it, test } from "vitest";
import type { BackupFile } from "../../../harness/build/backup/backupTypes.ts";
import { halvesIn, isTableMissing, plantedIn, serverOf } from "../../../harness/build/witness/database.ts";
import { capturedSpots, databaseWitnesses, keptSpots, planWitnesses, type SeenSpot } from "../../../harness/build/witness/plan.ts";
import { capturedIn, databasesOf, dumpsIn, hasFile, journalsOf } from "../../../harness/build/witness/snapshot.ts";
import { ofNow } from "../../../harness/build/witness/witnesses.ts";
import { type BackupPlan, backupPlan } from "../../../harness/recipe/backup.ts";
import type { ComposeApp, ComposeService } from "../../../harness/recipe/types.ts";
import { missingContent } from "../../../tiers/judge/captured.ts";

function service(name: string, image: string, mounts: Record<string, string> = {}, labels: Record<string, string> = {}): ComposeService {
  return {
    name, image, mounts, labels, dependsOn: [], env: {}, networks: [], secrets: [], configs: [], volumes: Object.values(mounts), ports: [],
    hasHealthcheck: false, endpointMode: "vip", updateOrder: "stop-first", replicas: 1,
  };
}

function appOf(...services: ComposeService[]): ComposeApp {
  const keys = [...new Set(services.flatMap(({ volumes }) => volumes))];
  return { services, secrets: [], configs: [], networks: [], version: null, volumes: keys.map((key) => ({ key, name: `stack_${key}`, external: false })) };
}

const wordpress = appOf(
  service("app", "wordpress:6.1.1-apache", { "/var/www/html": "wordpress" }, { "backupbot.backup": "true", "backupbot.backup.volumes.wordpress.path": "wp-content" }),
  service("db", "mariadb:10.11", { "/var/lib/mysql": "mariadb" }, { "backupbot.backup.volumes.mariadb.path": "backup.sql", "backupbot.backup.pre-hook": "/db_backup.sh backup" }),
);

function seen(app: ComposeApp, what: Record<string, SeenSpot["seen"]>): { seen: SeenSpot[]; hooks: BackupPlan["hooks"] } {
  const plan = backupPlan(app);
  return { seen: capturedSpots(plan, "stack").map((spot) => ({ spot, seen: what[spot.what] ?? "absent" })), hooks: plan.hooks };
}

function planned(app: ComposeApp, what: Record<string, SeenSpot["seen"]>) {
  const { seen: spots, hooks } = seen(app, what);
  const { witnesses, gaps } = planWitnesses(spots, app, hooks);
  return { witnesses: witnesses.map((witness) => witness.what), gaps: gaps.map((gap) => `${gap.what}: ${gap.why}`) };
}

describe("where a witness stands", () => {
  it("a marker in each captured directory, a row where only a dump is captured", () => {
    expect(planned(wordpress, { "wp-content of volume wordpress": "directory" })).toEqual({
      witnesses: ["a file in wp-content of volume wordpress", "a row in the mysql database of db"],
      gaps: [],
    });
  });

  it("a whole volume is a directory, in every service that mounts it", () => {
    const app = appOf(service("app", "nginx", { "/data": "files" }, { "backupbot.backup": "true" }), service("worker", "worker", { "/srv": "files" }));
    const [spot] = capturedSpots(backupPlan(app), "stack");
    expect(spot).toEqual({ what: "volume files", at: [{ service: "app", path: "/data" }, { service: "worker", path: "/srv" }], from: { volume: "stack_files" }, inner: "." });
    expect(planned(app, { "volume files": "directory" }).witnesses).toEqual(["a file in volume files"]);
  });

  it("a dump in another service's volume is of the database that has nothing captured itself", () => {
    const app = appOf(
      service("app", "matrix", { "/data": "data" }, { "backupbot.backup": "true", "backupbot.backup.pre-hook": "dump", "backupbot.backup.volumes.data.path": "dump.sql", "backupbot.backup.volumes.db.path": "dump.sql", "backupbot.backup.volumes.db": "false" }),
      service("db", "docker.io/postgres:15-alpine", { "/var/lib/postgresql/data": "db" }),
    );
    expect(planned(app, {})).toEqual({ witnesses: ["a row in the postgres database of db"], gaps: [] });
  });

  it("sqlite: the file itself, or one that the hook names", () => {
    const app = appOf(service("app", "gitea", { "/data": "data" }, {
      "backupbot.backup": "true", "backupbot.backup.volumes.data.path": "backup.db", "backupbot.backup.pre-hook": "sqlite3 /data/gitea.db '.backup /data/backup.db'",
    }));
    const { seen: spots, hooks } = seen(app, {});
    expect(planWitnesses(spots, app, hooks).witnesses).toEqual([
      { kind: "row", what: "a row in the sqlite database of app", service: "app", target: { engine: "sqlite", files: ["/data/backup.db", "/data/gitea.db"] } },
    ]);
  });

  describe("a database server's captured folder", () => {
    const db = (labels: Record<string, string>, mounts: Record<string, string> = {}) => appOf(service("db", "postgres:15", { "/var/lib/postgresql/data": "data", ...mounts }, { "backupbot.backup": "true", ...labels }));
    const rowsOf = (app: ComposeApp, what: Record<string, SeenSpot["seen"]>) => {
      const { seen: spots, hooks } = seen(app, what);
      return planWitnesses(spots, app, hooks).witnesses.flatMap((witness) => (witness.kind === "row" ? [witness.target] : []));
    };

    it("its data as it lies there: a row too, in any of its databases, for a folder may come back and the server not look", () => {
      expect(planned(db({}), { "volume data": "directory" }).witnesses).toEqual(["a file in volume data", "a row in the postgres database of db"]);
      expect(rowsOf(db({}), { "volume data": "directory" })).toEqual([{ engine: "postgres", which: "any" }]);
    });

    it("a folder of dumps beside it: a row in the database that is dumped, and its data is not taken for captured", () => {
      const dumps = db({ "backupbot.backup.volumes.data": "false", "backupbot.backup.pre-hook": "pg_dump -U postgres shop -f /dumps/shop.sql" }, { "/dumps": "dumps" });
      expect(rowsOf(dumps, { "volume dumps": "directory" })).toEqual([{ engine: "postgres", which: { name: "shop" } }]);
      expect(databasesOf(dumps, seen(dumps, { "volume dumps": "directory" }).seen)).toEqual([{ service: "db", engine: "postgres", raw: false }]);
    });

    it("incident 12: a row stands in the database that the hook names, not in another of the same server", () => {
      const dumped = db({ "backupbot.backup.volumes.data.path": "backup.sql", "backupbot.backup.pre-hook": "sh -c 'pg_dump -U postgres shop > /var/lib/postgresql/data/backup.sql'" });
      expect(rowsOf(dumped, {})).toEqual([{ engine: "postgres", which: { name: "shop" } }]);
    });
  });

  it("where neither can be, a gap says why", () => {
    const labels = { "backupbot.backup": "true", "backupbot.backup.volumes.data.path": "export.tar" };
    const app = appOf(service("app", "custom", { "/data": "data" }, labels));
    expect(planned(app, {}).gaps).toEqual(["export.tar of volume data: it is not there, and no pre-hook could make it"]);
    expect(planned(app, { "export.tar of volume data": "file" }).gaps).toEqual([expect.stringContaining("no service is a database")]);
    expect(planned(app, { "export.tar of volume data": "unreachable" }).gaps).toEqual([expect.stringContaining("no container of the app")]);
    const hooked = appOf(service("app", "custom", { "/data": "data" }, { ...labels, "backupbot.backup.pre-hook": "export" }));
    expect(planned(hooked, {}).gaps).toEqual([expect.stringContaining("not there before the backup")]);
  });

  it("nothing is planted in an external volume, nor in a database that lives in one: other apps may use it", () => {
    const outside = (app: ComposeApp, ...keys: string[]) => ({ ...app, volumes: app.volumes.map((volume) => ({ ...volume, external: keys.includes(volume.key) })) });
    const why = "other apps may use its volume, which is external or has a fixed name, so nothing is planted or changed there";
    const content = { "wp-content of volume wordpress": "directory" } as const;
    expect(planned(outside(wordpress, "wordpress"), content)).toEqual({ witnesses: ["a row in the mysql database of db"], gaps: [`wp-content of volume wordpress: ${why}`] });
    expect(planned(outside(wordpress, "mariadb"), content)).toEqual({ witnesses: ["a file in wp-content of volume wordpress"], gaps: [`backup.sql of volume mariadb: ${why}`] });
    expect(databaseWitnesses(outside(wordpress, "mariadb"))).toEqual([]);
  });

  it("nor in one with a fixed name, which base beside head and other apps of the recipe get too", () => {
    const app = { ...wordpress, volumes: wordpress.volumes.map((volume) => (volume.key === "wordpress" ? { ...volume, name: "content", fixed: true as const } : volume)) };
    expect(planned(app, { "wp-content of volume wordpress": "directory" }).witnesses).toEqual(["a row in the mysql database of db"]);
    expect(keptSpots(app).map(({ what }) => what)).toEqual(["volume mariadb"]);
  });

  it("an upgrade has to keep every volume and every database of the app, but no volume of somebody else", () => {
    const app = { ...wordpress, volumes: wordpress.volumes.map((volume) => ({ ...volume, external: volume.key === "wordpress" })) };
    expect(keptSpots(app).map(({ what }) => what)).toEqual(["volume mariadb"]);
    expect(databaseWitnesses(app).map(({ what }) => what)).toEqual(["a row in the mysql database of db"]);
  });
});

test("a volume that only the replaced task had is not the app's any more; that of a one-shot that is done is", () => {
  const container = (id: string, of: string, running: boolean) => ({ id, service: of, running, mounts: [{ volume: id, path: "/data" }] });
  const all = [container("new", "app", true), container("old", "app", false), container("migrate", "migrate", false)];
  expect(ofNow(all).map(({ id }) => id)).toEqual(["new", "migrate"]);
});

describe("which image is a database server", () => {
  it.each([
    ["postgres:15", "postgres"], ["docker.io/pgvector/pgvector:pg16", "postgres"], ["ghcr.io/immich-app/postgres:14@sha256:00", "postgres"], ["localhost:5000/mariadb", "mysql"], ["mysql/mysql-server:8.0", "mysql"],
    ["prometheuscommunity/postgres-exporter:v0.15", null], ["dpage/pgadmin4", null], ["prom/mysqld-exporter", null], ["wordpress:6", null], ["redis:7", null],
  ])("%s: %s", (image, engine) => expect(serverOf({ image })).toBe(engine));
});

describe("what a client prints", () => {
  it("in which database it has planted: one that comes later is not looked into", () => {
    expect(plantedIn({ engine: "postgres", which: "any" }, "shop\n")).toEqual({ engine: "postgres", which: { name: "shop" } });
    expect(plantedIn({ engine: "sqlite", files: ["/a.db"] }, "")).toEqual({ engine: "sqlite", files: ["/a.db"] });
  });

  it("both halves, one, none", () => {
    expect(halvesIn("first=recipe-ci planted 01\nsecond=altered\n")).toEqual({ first: "recipe-ci planted 01", second: "altered" });
    expect(halvesIn("")).toEqual({ first: null, second: null });
  });

  it.each([
    'ERROR:  relation "recipe_ci_witness" does not exist', "ERROR 1146 (42S02) at line 1: Table 'wordpress.recipe_ci_witness' doesn't exist", "Error: in prepare, no such table: recipe_ci_witness",
  ])("%s: nothing is there, which is an answer", (said) => expect(isTableMissing(said)).toBe(true));

  it("a server that does not answer is none", () => {
    expect(isTableMissing("could not connect to server: Connection refused")).toBe(false);
  });
});

describe("what a snapshot has of it", () => {
  const file = (volume: string, inner: string, bytes: number, type: BackupFile["type"] = "file"): BackupFile => ({
    path: `/var/lib/docker/volumes/${volume}/_data/${inner}`, type, bytes, from: { volume }, inner,
  });
  const files = [
    file("stack_wordpress", "wp-content", 0, "dir"), file("stack_wordpress", "wp-content/.recipe-ci-first", 20), file("stack_wordpress", "wp-content/cache.sqlite", 8192),
    file("stack_wordpress", "wp-content/cache.sqlite-wal", 100), file("stack_wordpress", "wp-contentious", 5), file("stack_mariadb", "backup.sql", 3000), file("other_wordpress", "wp-content/x.sql", 9),
  ];
  const spots = capturedSpots(backupPlan(wordpress), "stack");

  it("counts what lies at a spot or below, and nothing beside it", () => {
    expect(capturedIn(files, spots, [])).toEqual([
      { what: "wp-content of volume wordpress", entries: 3, bytes: 8292, mayBeEmpty: false }, { what: "backup.sql of volume mariadb", entries: 1, bytes: 3000, mayBeEmpty: false },
    ]);
  });

  describe("a folder with nothing in it but what the build planted", () => {
    const app = appOf(service("app", "custom", { "/dump": "dump", "/media": "media" }, { "backupbot.backup": "true" }));
    const { volumes, containerPaths } = backupPlan(app);
    const both = capturedSpots({ volumes, containerPaths }, "stack");
    const taken = ["dump", "media"].flatMap((volume) => [file(`stack_${volume}`, ".", 0, "dir"), file(`stack_${volume}`, ".recipe-ci-first", 20), file(`stack_${volume}`, ".recipe-ci-second", 20)]);
    const hook = [{ service: "app", backupPre: "dump", backupPost: null, restorePre: null, restorePost: null }];
    const missing = (more: BackupFile[], hooks: BackupPlan["hooks"]) => missingContent(capturedIn([...taken, ...more], both, hooks));

    it("is right where nothing else was to be there", () => expect(missing([], [])).toEqual([]));
    it("is wrong where a hook was to leave something", () => expect(missing([], hook)).toEqual(["volume dump: no file in it holds anything", "volume media: no file in it holds anything"]));
    it("is right where the hook left it in another one", () => expect(missing([file("stack_dump", "all.sql", 9)], hook)).toEqual([]));
    it("is right with an empty file that is no dump", () => expect(missing([file("stack_media", ".keep", 0)], [])).toEqual([]));
    it("is wrong where a hook left an empty file", () => expect(missing([file("stack_dump", "all.sql", 0)], hook)).toHaveLength(2));
    it("is no proof of anything without a witness in it", () => {
      expect(missingContent(capturedIn([file("stack_dump", ".", 0, "dir")], both, []))).toEqual(["volume dump: no file in it holds anything", "volume media: nothing of it is in the snapshot"]);
    });
  });

  it("incident 12: a dump that the hook left outside of any captured path is not in it", () => {
    const without = files.filter(({ inner }) => inner !== "backup.sql");
    expect(capturedIn(without, spots, [])[1]).toEqual({ what: "backup.sql of volume mariadb", entries: 0, bytes: 0, mayBeEmpty: false });
  });

  it("dumps are what a label names, and what looks like one in a captured folder", () => {
    expect(dumpsIn(files, spots).map(({ file: { inner }, named }) => [inner, named])).toEqual([["backup.sql", true], ["wp-content/cache.sqlite", false]]);
    expect(dumpsIn([file("stack_wordpress", "wp-content/all.sql.xz", 9)], spots), "packed in any way").toHaveLength(1);
    expect(journalsOf(files, files[2] as BackupFile).map(({ suffix }) => suffix)).toEqual(["-wal"]);
  });

  it("finds a marker in the spot's own folder only", () => {
    const [content, dump] = spots;
    expect(content && hasFile(files, content, ".recipe-ci-first")).toBe(true);
    expect(dump && hasFile(files, dump, ".recipe-ci-first")).toBe(false);
  });

  it("a server whose own folder is taken needs no dump", () => {
    const raw = appOf(service("db", "postgres:15", { "/var/lib/postgresql/data": "db" }, { "backupbot.backup": "true" }));
    expect(databasesOf(raw, seen(raw, { "volume db": "directory" }).seen)).toEqual([{ service: "db", engine: "postgres", raw: true }]);
    expect(databasesOf(wordpress, seen(wordpress, { "wp-content of volume wordpress": "directory" }).seen)).toEqual([{ service: "db", engine: "mysql", raw: false }]);
  });
});
