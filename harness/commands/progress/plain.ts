import { stripVTControlCharacters } from "node:util";
import { humanDuration } from "../../base/clock.ts";
import type { BuildEvent } from "../../build/events.ts";
import type { Progress } from "./types.ts";

const repeatMs = 15_000;
/** What changes many times a second is told this often, milliseconds. */
const newsMs = 3000;

/**
 * Plain lines for CI and pipes: every phase, and what is waited for: on change, and again after 15 s in which nothing was said,
 * so that a log that stands still says what it stands at.
 */
export function plainProgress(write: (line: string) => void, now: () => number = () => performance.now()): Progress {
  let wait: { line: string; since: number } | null = null;
  /** The latest news came too soon after the last to be told yet. */
  let owed = false;
  let waitToldAt = Number.NEGATIVE_INFINITY;
  let toldAt = now();
  const tell = (line: string) => {
    toldAt = now();
    write(line);
  };
  const tellWait = (line: string) => {
    owed = false;
    waitToldAt = now();
    tell(line);
  };
  const timer = setInterval(() => {
    if (wait && owed && now() - waitToldAt >= newsMs) return tellWait(`    … ${wait.line}`);
    if (!wait || now() - toldAt < repeatMs) return;
    tellWait(`    … ${wait.line} (for ${humanDuration(now() - wait.since)})`);
  }, 1000);
  timer.unref();
  return {
    emit(event) {
      if (event.type === "phase-end") [wait, owed] = [null, false];
      const line = lineOf(event);
      if (line === null) return;
      if (event.type !== "waiting") return tell(line);
      if (event.line === wait?.line) return;
      wait = { line: event.line, since: now() };
      owed ||= event.news;
      if (now() - waitToldAt >= (owed ? newsMs : repeatMs)) tellWait(line);
    },
    close: () => clearInterval(timer),
  };
}

/** One event as one line of text, or null where it has none. */
export function lineOf(event: BuildEvent): string | null {
  const words = wordsOf(event);
  return words === null ? null : printable(words);
}

/** Words of the recipe must not move the cursor. */
export function printable(words: string): string {
  return stripVTControlCharacters(words).replace(/\r?\n/g, " ").replace(/\p{Cc}/gu, "");
}

function wordsOf(event: BuildEvent): string | null {
  switch (event.type) {
    case "build":
      return `recipe-ci: ${event.source} · run ${event.run}`;
    case "note":
      return `  ${event.line}`;
    case "warning":
      return `  ! ${event.line}`;
    case "phase-begin":
      return null;
    case "waiting":
      return `    … ${event.line}`;
    case "phase-end":
      return `${markOf(event.status)} ${event.phase.padEnd(10)} ${humanDuration(event.durationMs).padStart(9)}`;
    case "test":
      return event.status === "passed" ? null : `    ${markOf(event.status)} ${event.tier}: ${event.name}`;
    case "verdict":
      return null;
  }
}

export function markOf(status: string): string {
  if (status === "passed") return "✓";
  if (status === "failed") return "✗";
  if (status === "skipped") return "-";
  return "?";
}
