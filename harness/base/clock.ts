/** Time behind a seam, so that decisions can be tested without waiting. */
export interface Clock {
  /** Milliseconds from an arbitrary start; never steps back. */
  monotonic(): number;
  /** Wall clock, milliseconds since the epoch. May step. */
  wall(): number;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};

/** UTC ISO 8601 of a wall-clock reading. */
export function iso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** A duration for people: `840 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function humanDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}
