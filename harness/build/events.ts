import type { Results, Status } from "../../reports/results.ts";

/** What a build tells whoever watches it, as it happens. With `--json` each is a line of NDJSON on stdout. */
export type BuildEvent =
  | { readonly type: "build"; readonly run: string; readonly source: string; readonly out: string }
  /** Something worth a line: what is provisioned, which stand-ins are used, what was noticed about the recipe. */
  | { readonly type: "note"; readonly line: string }
  | { readonly type: "warning"; readonly line: string }
  | { readonly type: "phase-begin"; readonly phase: string }
  /** What the phase is waiting for right now. */
  | { readonly type: "waiting"; readonly phase: string | null; readonly line: string; readonly news: boolean }
  | { readonly type: "phase-end"; readonly phase: string; readonly status: Status; readonly durationMs: number }
  | { readonly type: "test"; readonly tier: string; readonly name: string; readonly status: "passed" | "failed" | "skipped" }
  | { readonly type: "verdict"; readonly verdict: Results["verdict"]; readonly level: number; readonly results: string };

export type Emit = (event: BuildEvent) => void;
