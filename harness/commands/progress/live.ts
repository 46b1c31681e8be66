import { createLogUpdate } from "log-update";
import { humanDuration } from "../../base/clock.ts";
import { fitted } from "./fit.ts";
import { lineOf, printable } from "./plain.ts";
import type { Progress } from "./types.ts";

const frameMs = 200;

/** `▸ install       12.0 s  db: starting (health 41 s of 90 s) · and 4 more`, in one row of the terminal. */
export function liveLine(phase: string, age: string, waiting: string, columns: number): string {
  const head = `▸ ${phase.padEnd(10)} ${age.padStart(9)}`;
  return waiting === "" ? head : `${head}  ${fitted(printable(waiting), Math.max(20, columns) - head.length - 2)}`;
}

/** A terminal's view: finished phases stay, the one that is on has a live line with its age and what it waits for. */
export function liveProgress(): Progress {
  const live = createLogUpdate(process.stdout);
  let phase: { name: string; since: number } | null = null;
  let waiting = "";
  const draw = () => {
    if (!phase) return live.clear();
    const age = humanDuration(Math.floor((performance.now() - phase.since) / 1000) * 1000);
    live(liveLine(phase.name, age, waiting, process.stdout.columns ?? 80));
  };
  const timer = setInterval(draw, frameMs);
  timer.unref();
  return {
    emit(event) {
      if (event.type === "phase-begin") {
        phase = { name: event.phase, since: performance.now() };
        waiting = "";
      } else if (event.type === "waiting") {
        waiting = event.line;
      } else {
        if (event.type === "phase-end") phase = null;
        const line = lineOf(event);
        if (line !== null) live.persist(line);
      }
      draw();
    },
    close() {
      clearInterval(timer);
      live.clear();
      live.done();
    },
  };
}
