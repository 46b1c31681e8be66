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
  // Rounded before it is split, so that a minute never has 60 seconds.
  const rounded = Math.round(ms);
  if (rounded < 1000) return `${rounded} ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(ms / 60_000);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
