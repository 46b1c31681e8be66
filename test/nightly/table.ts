import { humanDuration } from "../../harness/base/clock.ts";
import { type Results, tierNameSchema } from "../../reports/results.ts";

/** What a night's builds came to, in Markdown. Pure. */

export interface Built {
  readonly application: string;
  /** Null where the build left none. */
  readonly results: Results | null;
}

const tiers = tierNameSchema.options;

/** A line a build: verdict, level, how long it took, and how each tier ended and when. */
export function buildTable(built: readonly Built[]): string {
  const rows = built.map(({ application, results }) => [
    application,
    results?.verdict ?? "no results",
    results ? `${results.level}` : "",
    results ? humanDuration(results.run.durationMs) : "",
    ...tiers.map((tier) => (results ? tierCell(results, tier) : "")),
  ]);
  return markdown([["application", "verdict", "level", "whole build", ...tiers], ...rows]);
}

function tierCell({ tiers: done, phases }: Results, tier: (typeof tiers)[number]): string {
  const status = done.find(({ name }) => name === tier)?.status;
  const phase = phases.find(({ name }) => name === tier);
  return status === undefined ? "" : `${status}${phase ? ` ${humanDuration(phase.durationMs)}` : ""}`;
}

/** A line a part of the extra tier: what it took and how many of its tests passed. Empty where no build had one. */
export function scenarioTable(built: readonly Built[]): string {
  const rows = built.flatMap(({ application, results }) => (results ? scenariosOf(results).map((cells) => [application, ...cells]) : []));
  return rows.length === 0 ? "" : markdown([["application", "scenario", "took", "tests"], ...rows]);
}

function scenariosOf({ phases, tiers: done }: Results): string[][] {
  const spans = phases.find(({ name }) => name === "extra")?.spans ?? [];
  const tests = done.find(({ name }) => name === "extra")?.tests ?? [];
  const parts = spans.filter((span) => !spans.some((other) => other !== span && isWithin(span, other)));
  const isOf = (scenario: string, { name }: { name: string }) => name.startsWith(`${scenario}:`) || name.startsWith(`${scenario} `);
  return parts.map(({ name, durationMs }) => {
    // The recipe's own tests have no scenario's name before theirs.
    const own = tests.filter((test) => (name === recipesOwn ? !parts.some((part) => isOf(part.name, test)) : isOf(name, test)));
    const passed = own.filter(({ status }) => status === "passed").length;
    return [name, humanDuration(durationMs), own.length === 0 ? "" : `${passed} of ${own.length} passed`];
  });
}

/** The span of the tests that were written for the recipe. */
const recipesOwn = "the recipe's own";

type Span = Results["phases"][number]["spans"][number];

function isWithin(inner: Span, outer: Span): boolean {
  const [begin, from] = [Date.parse(inner.startedAt), Date.parse(outer.startedAt)];
  const within = begin >= from && begin + inner.durationMs <= from + outer.durationMs;
  return within && inner.durationMs < outer.durationMs;
}

/** Why what did not pass did not, what a tier measured or was left without, and what was left behind; a line each. */
export function remarks(built: readonly Built[]): string[] {
  return built.flatMap(({ application, results }) => {
    if (!results) return [`${application}: the build left no results`];
    const { reason, tiers: done, teardown } = results;
    const own = [
      ...(reason ? [`${reason.class}${reason.service ? ` (${reason.service})` : ""}: ${reason.summary}`, ...reason.evidence] : []),
      ...done.flatMap(({ name, reason: why, notes = [] }) => [...(why === null ? [] : [`${name}: ${why}`]), ...notes]),
      ...(teardown.status === "leaked" ? teardown.residue.map(({ kind, name }) => `left behind: ${kind} ${name}`) : []),
    ];
    return [...new Set(own)].map((line) => `${application}: ${line}`);
  });
}

/** Whether a build is what a night wants of it: passed, and nothing left behind. */
export function isGood({ results }: Built): boolean {
  return results?.verdict === "passed" && results.teardown.status === "clean";
}

function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}
