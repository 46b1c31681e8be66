/** What one look at a port saw: a connect to some container, or why there was none. */
export type Connect = { readonly ok: true; readonly container: string } | { readonly ok: false; readonly saw: string };

/** Connects in a row to one container. */
export interface Streak {
  readonly container: string | null;
  readonly connects: number;
  /** What broke the last streak; null while none has. */
  readonly broken: string | null;
}

export const noStreak: Streak = { container: null, connects: 0, broken: null };

/** The streak after one more look. Another container begins a new one: the old one went. */
export function afterConnect(streak: Streak, seen: Connect): Streak {
  if (!seen.ok) return { container: null, connects: 0, broken: streak.connects > 0 ? `${seen.saw} after ${count(streak.connects)}` : seen.saw };
  if (seen.container === streak.container) return { ...streak, connects: streak.connects + 1 };
  return { container: seen.container, connects: 1, broken: streak.container === null ? streak.broken : `its container was replaced after ${count(streak.connects)}` };
}

/** @param wanted this many in a row */
export function streakInWords({ connects, broken }: Streak, wanted: number): string {
  return `${connects} of ${wanted} connects in a row${broken === null ? "" : `; before: ${broken}`}`;
}

function count(connects: number): string {
  return connects === 1 ? "1 connect" : `${connects} connects`;
}
