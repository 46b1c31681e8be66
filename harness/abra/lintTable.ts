import { plain } from "./outcome.ts";

/** One rule of `abra recipe lint`. */
export interface LintRow {
  /** `R014` */
  readonly ref: string;
  readonly rule: string;
  /** `warn` or `error`. */
  readonly severity: string;
  /** null where abra says neither yes nor no: the rule was skipped. */
  readonly satisfied: boolean | null;
  readonly skipped: boolean;
  readonly fix: string;
}

const yes = new Set(["✅", "✔", "✓", "yes", "true"]);
const no = new Set(["❌", "✘", "✗", "no", "false"]);

/**
 * Reads the table that abra draws with box characters: ref | rule | severity | satisfied | skipped | how to fix.
 * Anything else in the output is passed over; a row without a ref goes on with the text of the row above.
 */
export function lintTable(output: string): LintRow[] {
  const rows: LintRow[] = [];
  for (const line of plain(output).split("\n")) {
    if (!/^\s*[│┃|]/.test(line)) continue;
    const cells = line.trim().split(/[│┃|]/).slice(1, -1).map((cell) => cell.trim());
    const [ref = "", rule = "", severity = "", satisfied = "", skipped = "", fix = ""] = cells;
    const above = rows.at(-1);
    if (/^R\d{3}$/.test(ref) && cells.length >= 6) {
      rows.push({ ref, rule, severity: severity.toLowerCase(), satisfied: truth(satisfied), skipped: truth(skipped) === true, fix });
    } else if (ref === "" && above) {
      rows[rows.length - 1] = { ...above, rule: joined(above.rule, rule), fix: joined(above.fix, fix) };
    }
  }
  return rows;
}

/** Rules of severity error that do not hold and were not skipped. */
export function unsatisfied(rows: readonly LintRow[], severity: "error" | "warn"): LintRow[] {
  return rows.filter((row) => row.severity.startsWith(severity) && row.satisfied === false && !row.skipped);
}

function truth(cell: string): boolean | null {
  const word = cell.replace(/\uFE0F/g, "").toLowerCase();
  return yes.has(word) ? true : no.has(word) ? false : null;
}

function joined(above: string, more: string): string {
  return more === "" ? above : `${above} ${more}`;
}
