import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** One process, so that nobody takes another for it: a number alone comes back after a while, and means nothing elsewhere. */
export interface ProcessIdentity {
  /** For people. */
  readonly host: string;
  /** The kernel's id of this boot; null where the kernel has none to tell. */
  readonly boot: string | null;
  /** The pid namespace in which the number counts; null where nobody can tell. */
  readonly namespace: string | null;
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot; null where nobody can tell. */
  readonly started: string | null;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return {
    host: hostname(),
    boot: quietly(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    namespace: quietly(() => readlinkSync("/proc/self/ns/pid")),
    pid: process.pid,
    started: startOf(process.pid),
  };
}

/**
 * Whether a process still runs, by looking.
 * @param here who looks
 * @returns null where it can't be seen from here: another boot, another pid namespace, or a system that tells neither
 */
export function stillRuns(one: ProcessIdentity, here: ProcessIdentity, started: (pid: number) => string | null = startOf): boolean | null {
  const comparable = one.boot !== null && one.namespace !== null && one.started !== null && one.boot === here.boot && one.namespace === here.namespace;
  return comparable ? started(one.pid) === one.started : null;
}

/** When the process of that number started; null where there is none. A zombie has ended, whatever its parent does. */
function startOf(pid: number): string | null {
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The program's name stands in brackets and may hold anything, brackets and spaces too.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
}

function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
