import { humanDuration } from "../../harness/base/clock.ts";
import { again, type Case } from "./cases.ts";
import { notTried } from "./faults.ts";
import type { Tried } from "./play.ts";

/** What faults came to, for people. Pure. */

export interface Done {
  readonly one: Case;
  readonly tried: Tried;
}

/** One build as it ends: a line, and one for each thing that is wrong. */
export function line({ tried }: Done, seed: number): string {
  const { name, wrong, came, leftAtEnd, goneBy, tookMs } = tried;
  const left = leftAtEnd === 0 ? "" : `, ${leftAtEnd} left at its end, gone ${goneBy === "a sweep" ? "by a sweep" : goneBy}`;
  const head = `${wrong.length === 0 ? "✓" : "✗"} ${name}: ${came}${left} (${humanDuration(tookMs)})`;
  return [head, ...wrong.map((one) => `    ${one}`), ...(wrong.length === 0 ? [] : [`    alone: ${again(tried, seed)}`])].join("\n");
}

/** A line a kind of fault: how often it was tried, how many builds bore it, how what they left went, and what stayed. */
export function table(done: readonly Done[]): string {
  const kinds = Map.groupBy(done, ({ one }) => kindOf(one));
  const rows = [...kinds].map(([kind, all]) => {
    const by = (goneBy: Tried["goneBy"]) => all.filter(({ tried }) => tried.goneBy === goneBy).length;
    return [kind, all.length, all.filter(({ tried }) => tried.wrong.length === 0).length, by("at once"), by("within a minute"), by("a sweep"), by("not at all")].map(String);
  });
  return markdown([["fault", "tried", "survived", "nothing left at the end", "gone within a minute", "gone by a sweep", "left over"], ...rows]);
}

/** What can't be tried, as a list in Markdown. */
export function untried(): string {
  return ["Not tried:", ...notTried.map(([what, why]) => `- ${what}: ${why}`)].join("\n");
}

function kindOf({ group, action }: Case): string {
  const what = action.kind === "signal" ? action.signal : action.kind;
  return group === "points" ? `${what} at a point` : group === "soak" ? `soak: ${what}` : what;
}

function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
