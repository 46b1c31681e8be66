import type { Results, Verdict } from "../../reports/results.ts";

/** What has to be true after a fault, whatever it was. Pure. */

/** One build as it was seen from outside. */
export interface Seen {
  /** Why the fault did not strike; null where it did, or where there was none. */
  readonly missed: string | null;
  /** The exit code, or the signal that ended the process; null where nobody knows. */
  readonly code: number | NodeJS.Signals | null;
  /** The verdict as the stream's last event says it; null where it did not come to that. */
  readonly said: Verdict | null;
  readonly results: Found;
  /** Whether the folder for the results took what was written to it, to the end. */
  readonly writable: boolean;
  /** From the fault, or without one from the start, to the process's end, milliseconds. */
  readonly endedMs: number;
  /** What was there of the build when its process had ended. */
  readonly leftAtEnd: readonly string[];
  /** What is there still, after a minute and one sweep at most. */
  readonly left: readonly string[];
}

export type Found = { readonly is: "none" } | { readonly is: "invalid"; readonly why: string } | { readonly is: "valid"; readonly value: Results };

export interface Expected {
  /** What the build may say. Never `failed`: no fault here is the recipe's. */
  readonly verdicts: readonly Exclude<Verdict, "failed">[];
  /** The signal that it is sent; null where the fault is another one. */
  readonly signal: NodeJS.Signals | null;
  /** The fault may come too late to change anything: then the build passes. */
  readonly late: boolean;
  /** Longest from the fault to the process's end, milliseconds. */
  readonly withinMs: number;
}

/** What is wrong, a line each; empty where the build bore the fault. */
export function wrongs(seen: Seen, expected: Expected): string[] {
  if (seen.missed !== null) return [`the fault did not strike: ${seen.missed}`, ...leftBehind(seen)];
  return [...ending(seen, expected), ...verdict(seen, expected), ...written(seen, expected), ...told(seen), ...inTime(seen, expected), ...leftBehind(seen)];
}

function isKilled({ signal }: Expected): boolean {
  return signal === "SIGKILL";
}

/** The process ended by itself with a code that fits its verdict, or by the signal that nobody can catch. */
function ending({ code, said, results }: Seen, expected: Expected): string[] {
  if (isKilled(expected) && (code === "SIGKILL" || (expected.late && typeof code === "number"))) return [];
  // Past its last word it catches no signal any more.
  if (expected.late && code === expected.signal && said !== null) return [];
  if (typeof code !== "number") return [`it ended by ${code ?? "nobody knows what"}, not by itself`];
  const saying = said ?? (results.is === "valid" ? results.value.verdict : null);
  if (saying === null) return [`it ended with ${code} and without a verdict`];
  const teardown = results.is === "valid" ? results.value.teardown.status : null;
  const codes = codesFor(saying, teardown, expected.signal);
  return codes.includes(code) ? [] : [`exit code ${code} does not fit ${saying}: ${codes.join(" or ")} would`];
}

/** DESIGN's exit codes. @param teardown null where nobody knows */
function codesFor(said: Verdict, teardown: Results["teardown"]["status"] | null, signal: NodeJS.Signals | null): readonly number[] {
  switch (said) {
    case "passed":
      return teardown === "leaked" ? [4] : teardown === null ? [0, 4] : [0];
    case "failed":
      return [1];
    case "infra":
      return [3];
    case "unverified":
      return [5];
    case "timedout":
      return [124];
    case "interrupted":
      return signal === "SIGTERM" ? [143] : [130];
  }
}

function verdict({ said, results }: Seen, expected: Expected): string[] {
  const value = results.is === "valid" ? results.value : null;
  const saying = said ?? value?.verdict ?? null;
  if (saying === null) return [];
  const reason = value?.reason ? ` (${value.reason.class}: ${value.reason.summary})` : "";
  const allowed: readonly Verdict[] = expected.late ? [...expected.verdicts, "passed"] : expected.verdicts;
  if (saying === "failed") return [`an injected fault is told as the recipe's: failed${reason}`];
  if (!allowed.includes(saying)) return [`the verdict is ${saying}${reason}, not ${allowed.join(" or ") || "none at all"}`];
  const { signal } = expected;
  if (saying === "interrupted" && value && signal && !value.reason?.summary.includes(signal)) return [`interrupted, but not by ${signal}: ${value.reason?.summary}`];
  return [];
}

/** results.json is there where it could be, fits its schema, and says what the stream said. */
function written({ results, said, writable, code }: Seen, expected: Expected): string[] {
  if (results.is === "invalid") return [`results.json is not valid: ${results.why}`];
  if (results.is === "none") return writable && !(isKilled(expected) && code === "SIGKILL" && said === null) ? ["there is no results.json"] : [];
  if (said !== null && said !== results.value.verdict) return [`the stream says ${said} and results.json ${results.value.verdict}`];
  return [];
}

/** `clean` is only said where nothing was there. */
function told({ results, leftAtEnd }: Seen): string[] {
  if (results.is !== "valid" || results.value.teardown.status !== "clean") return [];
  return leftAtEnd.map((one) => `teardown says clean, and there was ${one}`);
}

function inTime({ endedMs }: Seen, { withinMs }: Expected): string[] {
  return endedMs > withinMs ? [`it took ${Math.round(endedMs / 1000)} s to end, more than ${Math.round(withinMs / 1000)} s`] : [];
}

function leftBehind({ left }: Seen): string[] {
  return left.map((one) => `left behind: ${one}`);
}
