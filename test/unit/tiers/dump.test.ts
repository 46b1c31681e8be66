import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dumpFaults, dumpKind, type DumpRead, missingRows, uncovered, unreadDumps } from "../../../tiers/judge/dump.ts";
import { readDump } from "../../../tiers/judge/readDump.ts";

const pgDump = `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.5\n\nSET statement_timeout = 0;\nCOPY public.t (a) FROM stdin;\nrecipe-ci planted 0123\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n`;
/** Since the releases of August 2025. */
const restricted = pgDump.replace("--\n", "--\n\\restrict Xy1\n").trimEnd() + "\n\n\\unrestrict Xy1\n";
const pgAll = "--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE a;\n\n--\n-- PostgreSQL database cluster dump complete\n--\n";
const mysqlDump = "-- MySQL dump 10.13  Distrib 8.0.40, for Linux (x86_64)\n--\n-- Host: localhost\n\nINSERT INTO `t` VALUES ('recipe-ci planted 0123');\n-- Dump completed on 2026-11-21 10:00:00\n";
const mariadbDump = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19-11.4.2-MariaDB, for debian-linux-gnu (x86_64)\n--\nINSERT INTO `t` VALUES (1);\n-- Dump completed on 2026-11-21\n";

const read = (text: string, more: Partial<DumpRead> = {}): DumpRead => ({
  path: "/backup.sql", bytes: text.length, named: true, head: text.slice(0, 4096), tail: text.slice(-4096), broken: null, integrity: null, found: [], ...more,
});

describe("incident 12: a backup exits 0 with a dump that is none", () => {
  it.each([["pg_dump", pgDump, "pg-plain"], ["pg_dump, restricted", restricted, "pg-plain"], ["pg_dumpall", pgAll, "pg-plain"], ["mysqldump", mysqlDump, "mysql"], ["mariadb-dump", mariadbDump, "mysql"]])(
    "%s: whole is good, cut off at any line is not", (_, text, kind) => {
      expect(dumpKind(text)).toBe(kind);
      expect(dumpFaults(read(text))).toEqual([]);
      const lines = text.trimEnd().split("\n");
      const trailer = lines.findIndex((line) => /complete/.test(line));
      for (let cut = lines.findIndex((line) => /dump/i.test(line)) + 1; cut <= trailer; cut += 1) {
        const torn = lines.slice(0, cut).join("\n");
        expect(dumpFaults(read(torn)), `after line ${cut}`).toEqual([expect.stringContaining("is cut off")]);
      }
    },
  );

  it("an empty one", () => {
    expect(dumpFaults(read(""))).toEqual(["/backup.sql is empty"]);
    expect(dumpFaults(read("", { named: false })), "one that no label names may be the app's own").toEqual([]);
  });

  it("of a dump that is cut off nothing is told that stands in it: its last line may be somebody's data", () => {
    const [fault] = dumpFaults(read(`${mysqlDump.slice(0, 5000)}\nINSERT INTO accounts VALUES ('mara','hunter2');`));
    expect(fault).toContain("is cut off");
    expect(fault).not.toContain("hunter2");
  });

  it("a trailer in the middle, where a second dump was cut off behind it", () => {
    expect(dumpFaults(read(mysqlDump + mysqlDump.slice(0, 5000).repeat(80).slice(0, 8000)))).toEqual([expect.stringContaining("is cut off")]);
  });

  it("pg_dumpall that died at its second database: the first one's trailer is not the cluster's", () => {
    const whole = pgAll.replace("CREATE ROLE a;\n", `CREATE ROLE a;\n\n\\connect a\n\n${pgDump}\\connect b\n\n${restricted}`);
    expect(dumpFaults(read(whole))).toEqual([]);
    const torn = whole.slice(0, whole.indexOf("\\connect b"));
    expect(torn.trimEnd().split("\n").at(-2)).toBe("-- PostgreSQL database dump complete");
    expect(dumpFaults(read(torn))).toEqual([expect.stringContaining('pg_dumpall ends with "-- PostgreSQL database cluster dump complete"')]);
  });

  it("no database at all", () => {
    const databases = [{ service: "db", engine: "postgres" as const, raw: false }];
    expect(uncovered(databases, [])).toEqual([expect.stringContaining("db: neither the data")]);
    expect(uncovered(databases, [read(mysqlDump)]), "a dump of another server").toHaveLength(1);
    expect(uncovered(databases, [read("PGDMP\x01\x0e")])).toEqual([]);
    expect(uncovered(databases, [read("something else")]), "a named file of no known kind: the restore shows").toEqual([]);
    expect(uncovered([{ service: "db", engine: "postgres", raw: true }], [])).toEqual([]);
  });

  it("a dump that nobody could read, too large or packed by an unknown program: nobody knows what it lacks", () => {
    const databases = [{ service: "db", engine: "postgres" as const, raw: false }];
    const rows = [{ what: "a row", wanted: "recipe-ci planted 0123" }];
    const packed = read("BZh91AY&SY", { path: "/dump.sql.bz2" });
    const large = { path: "/large.sql", file: null, bytes: 1e9, named: false };
    expect(unreadDumps([large, { ...large, path: "/dump.sql.bz2", file: "/tmp/0" }], [packed])).toEqual([
      { path: "/large.sql", named: false, why: "1000000000 bytes are too many" }, { path: "/dump.sql.bz2", named: true, why: "packed in a way that is not known here" },
    ]);
    expect(uncovered(databases, [packed]), "it covers nothing that is known").toHaveLength(1);
    expect(missingRows(rows, [packed])).toHaveLength(1);
    expect(unreadDumps([], [read(pgDump), read("something else")])).toEqual([]);
  });

  it("an old dump, of before this backup", () => {
    const rows = [{ what: "a row in the mysql database of db", wanted: "recipe-ci planted 0123" }];
    expect(missingRows(rows, [read(mysqlDump)])).toEqual([expect.stringContaining("no dump in the snapshot holds a row")]);
    expect(missingRows(rows, [read(mysqlDump, { found: ["recipe-ci planted 0123"] })])).toEqual([]);
    expect(missingRows(rows, [read("PGDMP")]), "packed by PostgreSQL itself: can't be searched").toEqual([]);
  });
});

describe("reading a dump from a file", () => {
  let dir: string;
  const file = (name: string) => join(dir, name);
  const look = (name: string) => readDump({ file: file(name), path: `/${name}`, named: true }, ["recipe-ci planted 0123"]);
  const long = mysqlDump.replace("INSERT", `${"-- x\n".repeat(200_000)}INSERT`);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "recipe-ci-dumps-"));
    await writeFile(file("plain.sql"), long);
    await writeFile(file("packed.sql.gz"), gzipSync(long));
    await writeFile(file("packed.sql.zst"), zstdCompressSync(long));
    for (const name of ["torn.sql.gz", "torn.sql.zst"]) {
      const packed = name.endsWith("gz") ? gzipSync(long) : zstdCompressSync(long);
      await writeFile(file(name), packed.subarray(0, packed.length - 12));
    }
    await writeFile(file("empty.sql.gz"), gzipSync(""));
    const database = new DatabaseSync(file("app.db"));
    database.exec("CREATE TABLE t (a text)");
    database.exec("BEGIN");
    const insert = database.prepare("INSERT INTO t VALUES (?)");
    for (let row = 0; row < 500; row += 1) insert.run(`row ${row} recipe-ci planted 0123`);
    database.exec("COMMIT");
    database.close();
    const content = await readFile(file("app.db"));
    await writeFile(file("app.db.gz"), gzipSync(content));
    await writeFile(file("torn.db"), content);
    await truncate(file("torn.db"), 4096 * 2);
  });

  afterAll(() => rm(dir, { recursive: true }));

  it.each(["plain.sql", "packed.sql.gz", "packed.sql.zst"])("%s: its kind, its end and the text in it", async (name) => {
    const dump = await look(name);
    expect(dumpKind(dump.head)).toBe("mysql");
    expect(dump.found).toEqual(["recipe-ci planted 0123"]);
    expect(dumpFaults(dump)).toEqual([]);
  });

  it.each(["torn.sql.gz", "torn.sql.zst"])("%s is cut off within its packing", async (name) => {
    expect(dumpFaults(await look(name))).toEqual([expect.stringMatching(/can't be read to its end|is cut off/)]);
  });

  it("a packed file of nothing is no dump", async () => {
    expect(dumpFaults(await look("empty.sql.gz"))).toEqual([expect.stringContaining("holds nothing")]);
  });

  it("a sqlite database: whole is good, packed too, half of it is not", async () => {
    expect(await look("app.db").then(dumpFaults)).toEqual([]);
    expect(await look("app.db.gz").then(dumpFaults)).toEqual([]);
    expect(await look("torn.db").then(dumpFaults)).toEqual([expect.stringContaining("sqlite says")]);
  });
});
