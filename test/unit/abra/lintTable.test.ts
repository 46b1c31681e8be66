import { describe, expect, it } from "vitest";
import { lintTable, unsatisfied } from "../../../harness/abra/lintTable.ts";

const widths = [6, 46, 10, 11, 9, 53];
const cells = (row: readonly string[]) => widths.map((width, i) => ` ${row[i] ?? ""}`.padEnd(width)).join("┃");
const rule = (left: string, mid: string, right: string) => left + widths.map((width) => "━".repeat(width)).join(mid) + right;

/** A table of the documented shape: 16 rules, 146 characters wide with the box and two blanks. */
function table(satisfied: (ref: string) => string): string {
  const rows = Array.from({ length: 16 }, (_, i) => {
    const ref = `R${String(i + 1).padStart(3, "0")}`;
    return `┃${cells([ref, `rule number ${i + 1}`, i < 8 ? "warn" : "error", satisfied(ref), satisfied(ref) === "-" ? "✅" : "-", "do something about it"])}┃`;
  });
  return [rule("┏", "┳", "┓"), `┃${cells(["ref", "rule", "severity", "satisfied", "skipped", "how-to-fix"])}┃`, rule("┣", "╋", "┫"), ...rows, rule("┗", "┻", "┛")].join("\r\n");
}

describe("lintTable", () => {
  const drawn = table((ref) => (ref === "R014" || ref === "R002" ? "❌" : ref === "R006" ? "-" : "✅"));

  it("reads a table as wide as abra's", () => {
    expect(Math.max(...drawn.split("\r\n").map((line) => line.length))).toBeGreaterThanOrEqual(140);
    const rows = lintTable(`\u001b[?25l${drawn}\r\nWARN critical errors present in x config\r\n`);
    expect(rows.map(({ ref }) => ref)).toEqual(Array.from({ length: 16 }, (_, i) => `R${String(i + 1).padStart(3, "0")}`));
    expect(rows[0]).toEqual({ ref: "R001", rule: "rule number 1", severity: "warn", satisfied: true, skipped: false, fix: "do something about it" });
    expect(rows[5]).toMatchObject({ satisfied: null, skipped: true });
    expect(rows[13]).toMatchObject({ ref: "R014", severity: "error", satisfied: false });
  });

  it("tells errors and warnings apart", () => {
    expect(unsatisfied(lintTable(drawn), "error").map(({ ref }) => ref)).toEqual(["R014"]);
    expect(unsatisfied(lintTable(drawn), "warn").map(({ ref }) => ref)).toEqual(["R002"]);
  });

  it("reads thin boxes, words for signs, colours and a wrapped row", () => {
    const text = "│ R001 │ a rule that │ error │ \u001b[31mfalse\u001b[0m │ - │ fix │\n│      │ goes on │ │ │ │ it │\n│ R002 │ b │ warn │ yes │ no │ f │";
    expect(lintTable(text)).toEqual([
      { ref: "R001", rule: "a rule that goes on", severity: "error", satisfied: false, skipped: false, fix: "fix it" },
      { ref: "R002", rule: "b", severity: "warn", satisfied: true, skipped: false, fix: "f" },
    ]);
  });

  it.each(["", "FATA inappropriate ioctl for device", "{}", "│ R1 │ x │", "│││││││"])("finds no rows in %j", (text) => expect(lintTable(text)).toEqual([]));
});
