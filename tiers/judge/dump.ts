import type { Database, Dump } from "../context.ts";

/** What kind of dump a file is, and whether it is whole: by its own first and last words. Pure. */

export type DumpKind = "pg-plain" | "pg-custom" | "mysql" | "sqlite" | "unknown";

/** What was read of one dump, behind its compression. */
export interface DumpRead {
  /** Where it lies in the snapshot. */
  readonly path: string;
  /** Bytes of the file as it lies there. */
  readonly bytes: number;
  /** A label names this very path: it has to hold something. */
  readonly named: boolean;
  /** Its first and last 4 KiB, as latin1 text. */
  readonly head: string;
  readonly tail: string;
  /** Why it could not be read to its end (a truncated gzip file); null where it could. */
  readonly broken: string | null;
  /** What sqlite's own integrity check says, line by line; null where it is no sqlite file. */
  readonly integrity: readonly string[] | null;
  /** The texts that were looked for and found in it. */
  readonly found: readonly string[];
}

/** First bytes of a database in sqlite's own format, and of a dump in PostgreSQL's custom format. */
const sqliteMagic = "SQLite format 3\0";
const pgMagic = "PGDMP";

/** pg_dump and pg_dumpall say what they are in their first lines and end with the same words and `complete`. */
const pgPlain = /^-- PostgreSQL database (cluster )?dump\s*$/m;
const pgPlainEnd = /^-- PostgreSQL database (cluster )?dump complete *$/m;
/** pg_dumpall ends each of its databases as pg_dump does, and only the last one with this. */
const pgClusterEnd = /^-- PostgreSQL database cluster dump complete *$/m;
/** mysqldump and mariadb-dump; newer ones put a sandbox comment before it. */
const mysql = /^-- (MySQL|MariaDB) dump /m;
const mysqlEnd = /^-- Dump completed/m;

/** A text dump may have options and comments before the line that says what it is. */
export function dumpKind(head: string): DumpKind {
  if (head.startsWith(sqliteMagic)) return "sqlite";
  if (head.startsWith(pgMagic)) return "pg-custom";
  if (pgPlain.test(head)) return "pg-plain";
  return mysql.test(head) ? "mysql" : "unknown";
}

/** What a file is packed with, by its first bytes. */
export function compressionOf(first: Uint8Array): "gz" | "zst" | null {
  if (first[0] === 0x1f && first[1] === 0x8b) return "gz";
  const zst = [0x28, 0xb5, 0x2f, 0xfd];
  return zst.every((byte, index) => first[index] === byte) ? "zst" : null;
}

/** First bytes of what only other programs unpack: bzip2, xz, lz4, zip, 7z, age. */
const packings = ["BZh", "\xfd7zXZ\0", "\x04\x22\x4d\x18", "PK\x03\x04", "7z\xbc\xaf\x27\x1c", "age-encryption.org/"];

/** Whether it is packed in a way that nobody here unpacks. */
function isSealed({ head }: DumpRead): boolean {
  return packings.some((first) => head.startsWith(first));
}

/** Dumps in which nobody could look, and why: of what they lack nothing is known. */
export function unreadDumps(all: readonly Dump[], dumps: readonly DumpRead[]): { path: string; named: boolean; why: string }[] {
  const large = all.filter(({ file }) => file === null).map(({ path, named, bytes }) => ({ path, named, why: `${bytes} bytes are too many` }));
  return [...large, ...dumps.filter(isSealed).map(({ path, named }) => ({ path, named, why: "packed in a way that is not known here" }))];
}

/** What is wrong with a dump, in words; an empty list is good. A file of a kind that nobody knows is only asked to hold something. */
export function dumpFaults(dump: DumpRead): string[] {
  if (dump.bytes === 0) return dump.named ? [`${dump.path} is empty`] : [];
  if (dump.broken !== null) return [`${dump.path} can't be read to its end: ${dump.broken}`];
  if (dump.head === "") return dump.named ? [`${dump.path} holds nothing behind its packing`] : [];
  switch (dumpKind(dump.head)) {
    case "pg-plain":
      if (pgPlain.exec(dump.head)?.[1]) return endsWith(dump.tail, pgClusterEnd) ? [] : [truncated(dump, "pg_dumpall", "-- PostgreSQL database cluster dump complete")];
      return endsWith(dump.tail, pgPlainEnd) ? [] : [truncated(dump, "pg_dump", "-- PostgreSQL database dump complete")];
    case "mysql":
      return endsWith(dump.tail, mysqlEnd) ? [] : [truncated(dump, "mysqldump or mariadb-dump", "-- Dump completed")];
    case "sqlite":
      return (dump.integrity ?? ["nobody checked it"]).filter((line) => line !== "ok").map((line) => `${dump.path}: sqlite says: ${line}`);
    default:
      return [];
  }
}

/** Whether the last of these trailers has nothing behind it but comments, and the end of a restriction that newer PostgreSQL adds. */
function endsWith(tail: string, trailer: RegExp): boolean {
  const last = [...tail.matchAll(new RegExp(trailer, "gm"))].at(-1);
  if (!last) return false;
  const [, ...behind] = tail.slice(last.index).split("\n");
  return behind.every((line) => /^\s*(--.*|\/\*.*\*\/;?|\\unrestrict .*)?\s*$/.test(line));
}

/** Nothing of its own last line: that may be somebody's data. */
function truncated({ path, bytes }: DumpRead, program: string, wanted: string): string {
  return `${path} (${bytes} bytes) is cut off: ${program} ends with "${wanted}", this does not`;
}

const kindsOf = { postgres: ["pg-plain", "pg-custom"], mysql: ["mysql"] } as const;

/**
 * Database servers of which the snapshot has nothing: neither their data nor a dump of their kind. A named file of no known kind may be
 * one; whether it is, the restore shows.
 */
export function uncovered(databases: readonly Database[], dumps: readonly DumpRead[]): string[] {
  return databases
    .filter(({ raw }) => !raw)
    .filter(({ engine }) => !dumps.some((dump) => {
      const kind = dumpKind(dump.head);
      return (kindsOf[engine] as readonly DumpKind[]).includes(kind) || (dump.named && dump.bytes > 0 && kind === "unknown" && !isSealed(dump));
    }))
    .map(({ service, engine }) => `${service}: neither the data of this ${engine} server nor a dump of it is in the snapshot`);
}

/** Rows that were written before the backup and that no dump holds: it is older than the backup, or of something else. */
export function missingRows(rows: readonly { readonly what: string; readonly wanted: string }[], dumps: readonly DumpRead[]): string[] {
  // What PostgreSQL packs itself can't be searched: the restore shows whether the row is in it.
  if (dumps.some((dump) => ["pg-custom", "unknown"].includes(dumpKind(dump.head)) && !isSealed(dump))) return [];
  return rows.filter(({ wanted }) => !dumps.some(({ found }) => found.includes(wanted))).map(({ what }) => `no dump in the snapshot holds ${what}, which was written just before`);
}
