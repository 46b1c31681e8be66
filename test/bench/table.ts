import { columns } from "../../reports/layout.ts";

/** How long one pair took, milliseconds. */
export interface Pair {
  readonly recipeCi: number;
  readonly plain: number;
}

/** What recipe-ci may cost over the plain script: 1.5 s or 5 % of it, whichever is more. */
export function allowance(plainMs: number): number {
  return Math.max(1500, plainMs * 0.05);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
}

/** The table for people, and whether the medians keep within the allowance. */
export function report(recipe: string, pairs: readonly Pair[]): { text: string; met: boolean } {
  const ours = median(pairs.map((pair) => pair.recipeCi));
  const plain = median(pairs.map((pair) => pair.plain));
  const row = (name: string, a: number, b: number) => [name, seconds(a), seconds(b), signed(a - b), (a / b).toFixed(2)];
  const lines = columns(
    [
      [recipe, "recipe-ci", "plain script", "difference", "ratio"],
      ...pairs.map((pair, index) => row(`pair ${index + 1}`, pair.recipeCi, pair.plain)),
      row("median", ours, plain),
    ],
    ["left", "right", "right", "right", "right"],
  );
  const met = ours - plain <= allowance(plain);
  const target = `allowed: ${seconds(allowance(plain))} over the plain script (1.5 s or 5 %, whichever is more): ${met ? "kept" : "exceeded"}`;
  return { text: [...lines, target].join("\n"), met };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function signed(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${seconds(Math.abs(ms))}`;
}
