/** What was measured, what it may be, and how that is shown. Pure. */

export interface Figure {
  /** In words, without the scenario: `verdict after the service was created`. */
  readonly what: string;
  readonly value: number;
  /** Empty for a count. */
  readonly unit: "s" | "ms" | "%" | "MB" | "";
  /** What it may be at most; null: it is only shown. */
  readonly most: number | null;
}

export interface Row {
  readonly scenario: string;
  readonly figures: readonly Figure[];
  /** What abra's own wait made of it, in words. */
  readonly abra: string;
  /** The same of `docker service create --detach=false`. */
  readonly docker: string;
}

/** Not a number is over: what could not be measured was not kept. */
export const isKept = ({ value, most }: Figure): boolean => most === null ? !Number.isNaN(value) : value <= most;

export const allKept = (rows: readonly Row[]): boolean => rows.every(({ figures }) => figures.every(isKept));

/** `p95 of 10: 212 ms (at most 250 ms: ok)` */
export function shown(figure: Figure): string {
  const { what, value, unit, most } = figure;
  const amount = (number: number, digits: number) => `${number.toFixed(digits)} ${unit}`.trim();
  const measured = `${what}: ${amount(value, { s: 1, ms: 0, "%": 2, MB: 0, "": 0 }[unit])}`;
  return most === null ? measured : `${measured} (at most ${amount(most, 0)}: ${isKept(figure) ? "ok" : "OVER"})`;
}

/** A table in Markdown, one line a row. */
export function table(rows: readonly Row[]): string {
  const head = ["scenario", "this", "abra's wait (stand-in: a model, not evidence)", "`docker service create --detach=false` under `timeout`"];
  const lines = rows.map(({ scenario, figures, abra, docker }) => [scenario, figures.map(shown).join("<br>"), abra, docker]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The smallest measured value that at least `share` of all do not exceed: with 10 values, the 95th percentile is the largest. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
