import { readFile } from "node:fs/promises";
import { humanBytes } from "../base/bytes.ts";
import { infra } from "../base/errors.ts";
import { waitFor, WaitTimeout } from "../base/wait.ts";

/** What a service is taken to want that says nothing: an app's or a database's own processes, idle. */
const serviceBytes = 128 * 1024 ** 2;

/** An engine, an edge and the build itself, before anything is deployed. */
export const buildBytes = 256 * 1024 ** 2;

/** Other builds end in the meantime; milliseconds. */
const patienceMs = 600_000;

/** What the services of an app want together, bytes: what each reserves, else is limited to, else 128 MB; times its replicas. */
export function wantedBy(services: readonly { readonly memoryBytes?: number; readonly replicas: number | null }[]): number {
  return services.reduce((sum, { memoryBytes, replicas }) => sum + (memoryBytes ?? serviceBytes) * (replicas ?? 1), 0);
}

/** Whether the host keeps its reserve when a build takes what it wants: null, or in words what is missing. All in bytes. */
export function memoryShort({ available, reserve, wanted }: { available: number; reserve: number; wanted: number }): string | null {
  return available - wanted >= reserve ? null : `${humanBytes(available)} of memory are available, ${humanBytes(wanted)} wanted and ${humanBytes(reserve)} kept for the host`;
}

/** Memory that new processes can have without swapping, bytes; null where the kernel does not tell (`MemAvailable`, Linux). */
export async function availableMemory(file = "/proc/meminfo"): Promise<number | null> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(text) ?? [];
  return kib === undefined ? null : Number(kib) * 1024;
}

export interface MemoryWait {
  readonly reserve: number;
  readonly wanted: number;
  /** Told what is missing, each time that changes. */
  readonly onShort: (words: string) => void;
  readonly signal: AbortSignal;
  readonly look?: () => Promise<number | null>;
  /** How long at most, milliseconds. */
  readonly patience?: number;
  readonly intervalMs?: number;
}

/**
 * Waits until a build can have what it wants and the host keeps its reserve. Where nobody can tell, nobody waits.
 * @throws infra (class host-memory) where it does not come; the signal's reason
 */
export async function waitForMemory({ reserve, wanted, onShort, signal, look = availableMemory, patience = patienceMs, intervalMs = 1000 }: MemoryWait): Promise<void> {
  const poll = async () => {
    const available = await look();
    const short = available === null ? null : memoryShort({ available, reserve, wanted });
    return short === null ? ({ done: true, value: undefined } as const) : ({ done: false, saw: short } as const);
  };
  try {
    await waitFor(poll, { what: "memory for this build", timeoutMs: patience, signal, onSaw: onShort, intervalMs, maxIntervalMs: 5000 });
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    throw infra("host-memory", `too little memory for a build: ${error.saw}`, "run fewer builds at once, or lower reserveMemory in host.json", [error.message]);
  }
}
