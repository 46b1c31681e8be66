/** A line of doctor's table. */
export interface Row {
  readonly name: string;
  /** ok; missing: can be had; refused: can't work here; unknown: could not be found out; info: works, worth knowing. */
  readonly status: "ok" | "missing" | "refused" | "unknown" | "info";
  /** What was found, in one line. */
  readonly found: string;
  /** What to do, in one line; empty where nothing is to be done. */
  readonly todo: string;
  /** What `doctor --fix` can do about it. */
  readonly fix?: "provision" | "proxy-network";
}

export function row(name: string, status: Row["status"], found: string, todo = "", fix?: Row["fix"]): Row {
  return { name, status, found, todo, ...(fix ? { fix } : {}) };
}

/** 0 where everything is there or merely unknown, 3 where something is missing or refused. */
export function exitCode(rows: readonly Row[]): number {
  return rows.some((one) => one.status === "missing" || one.status === "refused") ? 3 : 0;
}
