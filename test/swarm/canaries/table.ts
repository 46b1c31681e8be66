import type { Results } from "../../../reports/results.ts";
import type { Canary } from "./canary.ts";

export interface Row {
  readonly canary: Canary;
  readonly results: Results;
  readonly wrong: readonly string[];
}

/** What the canaries came to, a line each. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ canary, results, wrong }) => [
    wrong.length === 0 ? "ok" : "WRONG",
    canary.name,
    results.verdict,
    results.reason ? `${results.reason.class}${results.reason.service ? ` (${results.reason.service})` : ""}` : "",
    `level ${results.level}`,
    `${(results.run.durationMs / 1000).toFixed(1)} s`,
    wrong.length === 0 ? canary.about : wrong.join("; "),
  ]);
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join("\n");
}
