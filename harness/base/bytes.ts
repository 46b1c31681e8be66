/** Sizes as people write and read them. `MB` is 10^6 bytes, `MiB` 2^20. */

const units: Readonly<Record<string, number>> = {
  b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4,
};

/** Bytes for people: `640 bytes`, `12 MB`, `1.4 GB`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  for (const [unit, size] of [["kB", 1e3], ["MB", 1e6]] as const) if (Math.round(bytes / size) < 1000) return `${Math.round(bytes / size)} ${unit}`;
  return bytes < 999.95e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e12).toFixed(1)} TB`;
}

/** What `20 GB`, `512MiB` or `0 B` means, in bytes; null where it means nothing. */
export function bytesIn(text: string): number | null {
  const [, value = "", unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)\s?([kmgt]?i?b)$/i.exec(text.trim()) ?? [];
  const size = units[unit.toLowerCase()];
  return size === undefined ? null : Math.round(Number(value) * size);
}

/**
 * Memory as compose files write it, in bytes: `512M`, `1.5g`, `64mb`, or a number of bytes; null for what is none. Docker counts in
 * powers of 1024, whatever the unit is called (go-units, RAMInBytes).
 */
export function memoryIn(value: unknown): number | null {
  const [, number = "", unit] = /^(\d{1,15}(?:\.\d{1,6})?)\s?(?:([kmgtp])?i?b?)?$/i.exec(typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "") ?? [];
  if (number === "") return null;
  return Math.round(Number(number) * 1024 ** ("kmgtp".indexOf((unit ?? "").toLowerCase() || "-") + 1));
}
