import { humanDuration } from "../../base/clock.ts";
import type { BuildEvent } from "../../build/events.ts";
import type { Progress } from "./types.ts";

const repeatMs = 15_000;
/** What changes many times a second is told this often, milliseconds. */
const newsMs = 3000;

/** Plain lines for CI and pipes: every phase, and what is waited for on change and every 15 s. */
export function plainProgress(write: (line: string) => void, now: () => number = () => performance.now()): Progress {
  let lastWait = { line: "", at: Number.NEGATIVE_INFINITY };
  return {
    emit(event) {
      if (event.type === "waiting") {
        if (event.line === lastWait.line || now() - lastWait.at < (event.news ? newsMs : repeatMs)) return;
        lastWait = { line: event.line, at: now() };
      }
      const line = lineOf(event);
      if (line !== null) write(line);
    },
    close() {},
  };
}

/** One event as one line of text, or null where it has none. */
export function lineOf(event: BuildEvent): string | null {
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
