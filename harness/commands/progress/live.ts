import { createLogUpdate } from "log-update";
import { humanDuration } from "../../base/clock.ts";
import { lineOf } from "./plain.ts";
import type { Progress } from "./types.ts";

const frameMs = 200;

/** A terminal's view: finished phases stay, the one that is on has a live line with its age and what it waits for. */
export function liveProgress(): Progress {
  const live = createLogUpdate(process.stdout);
  let phase: { name: string; since: number } | null = null;
  let waiting = "";
  const draw = () => {
    if (!phase) return live.clear();
    const age = humanDuration(Math.floor((performance.now() - phase.since) / 1000) * 1000);
    const line = `▸ ${phase.name.padEnd(10)} ${age.padStart(9)}${waiting ? `  ${waiting}` : ""}`;
    live(line.slice(0, Math.max(20, process.stdout.columns ?? 80)));
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
