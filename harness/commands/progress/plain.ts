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
  let waitToldAt = Number.NEGATIVE_INFINITY;
  let toldAt = now();
  const tell = (line: string) => {
    toldAt = now();
    write(line);
  };
  const timer = setInterval(() => {
    if (!wait || now() - toldAt < repeatMs) return;
    waitToldAt = now();
    tell(`    … ${wait.line} (for ${humanDuration(now() - wait.since)})`);
  }, 1000);
  timer.unref();
  return {
    emit(event) {
      if (event.type === "phase-end") wait = null;
      if (event.type === "waiting") {
        if (event.line === wait?.line) return;
        wait = { line: event.line, since: now() };
        if (now() - waitToldAt < (event.news ? newsMs : repeatMs)) return;
        waitToldAt = now();
      }
      const line = lineOf(event);
      if (line !== null) tell(line);
    },
    close: () => clearInterval(timer),
  };
}

/** One event as one line of text, or null where it has none. Words of the recipe must not move the cursor. */
export function lineOf(event: BuildEvent): string | null {
  const words = wordsOf(event);
  return words === null ? null : stripVTControlCharacters(words).replace(/\r?\n/g, " ").replace(/\p{Cc}/gu, "");
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
