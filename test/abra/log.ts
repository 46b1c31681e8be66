/** Output in abra's manner. Facts say what the lines look like, not which stream they go to: stderr [R]. */

/** Ends the program with a FATA line and exit code 1, the only failing code that is known. */
export class Fatal extends Error {
  override readonly name = "Fatal";
}

let debugging = false;

export function setDebug(on: boolean): void {
  debugging = on;
}

export const log = {
  debug: (line: string) => debugging && process.stderr.write(`DEBU ${line}\n`),
  info: (line: string) => process.stderr.write(`INFO ${line}\n`),
  warn: (line: string) => process.stderr.write(`WARN ${line}\n`),
  fatal: (line: string) => process.stderr.write(`FATA ${line}\n`),
};

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Rows under a header, as a box. Never wraps. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = header.map((cell, i) => Math.max(cell.length, ...rows.map((row) => (row[i] ?? "").length)));
  const rule = (left: string, mid: string, right: string) => left + width.map((w) => "━".repeat(w + 2)).join(mid) + right;
  const line = (row: readonly string[]) => `┃${width.map((w, i) => ` ${(row[i] ?? "").padEnd(w)} `).join("┃")}┃`;
  return [rule("┏", "┳", "┓"), line(header), rule("┣", "╋", "┫"), ...rows.map(line), rule("┗", "┻", "┛")].join("\n");
}
