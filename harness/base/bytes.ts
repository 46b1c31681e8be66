const unitBytes: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4, p: 1024 ** 5 };

/** `512M`, `1.5g`, `1GiB` in bytes, as Docker reads sizes of memory; null for what is none. */
export function bytes(written: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i.exec(written);
  return match ? Math.floor(Number(match[1]) * (unitBytes[(match[2] ?? "").toLowerCase()] ?? 1)) : null;
}
