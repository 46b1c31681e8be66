import { stripVTControlCharacters } from "node:util";
import { humanDuration } from "../harness/base/clock.ts";
import { columns, humanBytes, type Paint, painter, wrap } from "./layout.ts";
import type { Results, Rung, Status, Verdict } from "./results.ts";

export interface TextOptions {
  readonly color: boolean;
  /** Columns of the terminal; at least 40 are used. */
  readonly width: number;
  /** Where results.json was written; named at the end. */
  readonly resultsPath?: string | null;
}

/** A build's results for people: the verdict first, then why, then where the time went. Ends with a line break. */
export function renderText(given: Results, options: TextOptions): string {
  const results = harmless(given);
  const paint = painter(options.color);
  const width = Math.max(40, options.width);
  const sections = [
    headline(results, paint),
    reason(results, paint, width),
    phases(results, paint),
    tiers(results, paint, width),
    ladder(results, paint),
    images(results, paint),
    watch(results, paint),
    warnings(results, paint, width),
    teardown(results, paint),
    whereAbouts(results, paint, width, options.resultsPath ?? null),
  ];
  return `${sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** Log lines and test names come from the recipe: they must not move the cursor or colour what is ours. */
function harmless(results: Results): Results {
  const clean = (text: string) => stripVTControlCharacters(text).replace(/(?![\t\n])\p{Cc}/gu, "");
  return JSON.parse(JSON.stringify(results), (_key, value: unknown) => (typeof value === "string" ? clean(value) : value)) as Results;
}

const verdictStyle: Readonly<Record<Verdict, "green" | "red" | "yellow" | "magenta">> = {
  passed: "green",
  failed: "red",
  infra: "yellow",
  unverified: "yellow",
  interrupted: "magenta",
  timedout: "magenta",
};

const marks: Readonly<Record<Status | Rung, string>> = {
  passed: "✓",
  pass: "✓",
  failed: "✗",
  fail: "✗",
  skipped: "–",
  skip: "–",
  unverified: "?",
  interrupted: "!",
};

function marked(status: Status | Rung, paint: Paint): string {
  const style = { "✓": "green", "✗": "red", "–": "dim" } as const;
  const mark = marks[status];
  return paint(style[mark as keyof typeof style] ?? "yellow", mark);
}

function headline({ verdict, recipe, run }: Results, paint: Paint): string[] {
  const what = [recipe.name, recipe.variant && `(${recipe.variant})`, recipe.version].filter(Boolean).join(" ");
  const commit = recipe.commit ? `${recipe.commit.slice(0, 8)}${recipe.dirty ? " with changes" : ""}` : "no commit";
  const from = recipe.base ? `, base ${recipe.base.version}` : "";
  const badge = paint(["bold", verdictStyle[verdict]], verdict.toUpperCase());
  return [`${badge}  ${paint("bold", what)} at ${commit}${from}, in ${humanDuration(run.durationMs)}`];
}

function reason({ reason: why, verdict }: Results, paint: Paint, width: number): string[] {
  if (!why) return [];
  const subject = why.service && !why.summary.includes(why.service) ? `${why.service}: ${why.summary}` : why.summary;
  const [first = "", ...rest] = wrap(`${subject} (${why.class})`, "  ", width);
  return [
    ...[first, ...rest].map((line) => paint(verdictStyle[verdict], line)),
    ...why.evidence.flatMap((line) => wrap(line, "    ", width)).map((line) => paint("dim", line)),
    ...wrap(`What to do: ${why.hint}`, "  ", width),
  ];
}

function phases({ phases: all, run }: Results, paint: Paint): string[] {
  if (all.length === 0) return [];
  const rows = all.flatMap((phase) => [
    [`  ${phase.name}`, humanDuration(phase.durationMs), phase.status === "passed" ? "" : `${marked(phase.status, paint)} ${phase.status}`],
    ...phase.spans.map((span) => [`    ${span.name}`, humanDuration(span.durationMs), ""]),
  ]);
  return [paint("bold", "Phases"), ...columns([...rows, ["  together", humanDuration(run.durationMs), ""]], ["left", "right", "left"])];
}

function tiers({ tiers: all }: Results, paint: Paint, width: number): string[] {
  if (all.length === 0) return [];
  const lines = all.flatMap((tier) => {
    const bad = tier.tests.filter((test) => test.status !== "passed");
    const counted = bad.length > 0 ? `${bad.length} of ${tests(tier.tests.length)} did not pass` : tests(tier.tests.length);
    const [first = "", ...rest] = wrap(`${tier.name}: ${[tier.tests.length > 0 ? counted : tier.status, tier.reason].filter(Boolean).join("; ")}`, "    ", width);
    return [
      `  ${marked(tier.status, paint)} ${first.trimStart()}`,
      ...rest,
      ...bad.flatMap((test) => [
        `      ${marked(test.status, paint)} ${test.name}`,
        ...(test.error ? wrap(test.error, "        ", width).map((line) => paint("dim", line)) : []),
      ]),
      ...(tier.notes ?? []).flatMap((line) => wrap(line, "      ", width)),
    ];
  });
  return [paint("bold", "Tiers"), ...lines];
}

function tests(count: number): string {
  return count === 1 ? "1 test" : `${count} tests`;
}

function ladder({ level, rungs }: Results, paint: Paint): string[] {
  const steps = Object.entries(rungs).map(([name, rung]) => `${marked(rung, paint)} ${name.replace("_", "/")}`);
  return [`${paint("bold", `Level ${level} of 5`)}  ${steps.join("  ")}`];
}

function images({ target }: Results, paint: Paint): string[] {
  if (!target || target.images.length === 0) return [];
  const rows = target.images.map((image) => [
    `  ${image.ref}`,
    image.source,
    image.bytes === null ? "" : humanBytes(image.bytes),
    humanDuration(image.pullMs),
  ]);
  return [paint("bold", "Images"), ...columns(rows, ["left", "left", "right", "right"])];
}

/** A disturbance that the build itself declared, as the watch writes it; else the name of a service stands there. */
const declared = "declared: ";

function watch({ watch: seen }: Results, paint: Paint): string[] {
  const restarts = Object.entries(seen.restarts).filter(([, count]) => count > 0);
  if (restarts.length === 0) return [];
  const excuses = seen.failures.flatMap(({ excusedBy }) => excusedBy ?? []);
  const all = restarts.map(([service, count]) => `${service} ${count}`).join(", ");
  const why = [...new Set(excuses.map((excuse) => (excuse.startsWith(declared) ? excuse.slice(declared.length) : `${excuse} was not ready`)))];
  return [`${paint("bold", "Restarts")}  ${all}${excuses.length > 0 ? ` (${excuses.length} excused: ${why.join(", ")})` : ""}`];
}

function warnings({ warnings: all, recipe }: Results, paint: Paint, width: number): string[] {
  const { env, secrets } = recipe.operatorMustAdd;
  const lines = [
    ...all,
    ...(env.length > 0 ? [`operators must add to the app's .env: ${env.join(", ")}`] : []),
    ...(secrets.length > 0 ? [`operators must generate the secrets: ${secrets.join(", ")}`] : []),
  ];
  if (lines.length === 0) return [];
  return [paint("bold", "Warnings"), ...lines.flatMap((line) => wrap(line, "  ", width)).map((line) => paint("yellow", line))];
}

function teardown({ teardown: after }: Results, paint: Paint): string[] {
  if (after.status === "clean") return [];
  const title = after.status === "kept" ? "Kept for a look" : "Left behind";
  const rows = after.residue.map((one) => [`  ${one.kind}`, one.name, one.remove]);
  return [
    paint(["bold", after.status === "kept" ? "cyan" : "red"], title),
    ...columns([["  what", "name", "remove it with"], ...rows], ["left", "left", "left"]),
  ];
}

function whereAbouts({ target, run, artifacts }: Results, paint: Paint, width: number, path: string | null): string[] {
  const lines: string[] = [];
  if (target) lines.push(...wrap(`On ${targetWords(target)}`, "", width).map((line) => paint("dim", line)));
  if (target?.abra.standIn) {
    lines.push(...wrap("abra was played by the stand-in: no real abra saw this recipe", "", width).map((line) => paint("yellow", line)));
  }
  const withheld = artifacts.filter((artifact) => artifact.withheld !== undefined).length;
  const kept = artifacts.length - withheld;
  lines.push([`Run ${run.id}`, kept > 0 && `${kept} artifacts`, withheld > 0 && `${withheld} withheld`].filter(Boolean).join(", "));
  if (path !== null) lines.push(`Results ${paint("underline", path)}`);
  return lines;
}

function targetWords(target: NonNullable<Results["target"]>): string {
  const kind = target.swarm === "ephemeral" ? "a throwaway Swarm" : "the Swarm of the current context";
  const nodes = target.nodes === 1 ? "1 node" : `${target.nodes} nodes`;
  return [kind, nodes, `engine ${target.engine}`, `abra ${target.abra.version}`, target.overlay && `overlay: ${target.overlay}`]
    .filter(Boolean)
    .join(", ");
}
