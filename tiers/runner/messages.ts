/** What the build and the child process that runs vitest say to each other, over Node's own channel or a socket (channel.ts). Plain data. */
import type { Provided } from "../context.ts";

export interface FileRequest {
  /** Absolute. */
  readonly path: string;
  /** Which of its tests by their tags, as vitest writes it; null: all. */
  readonly tags: string[] | null;
}

export interface RunRequest {
  readonly type: "run";
  readonly run: number;
  readonly files: readonly FileRequest[];
  readonly provided: Provided;
}

/** `trace`: what the workers of a run wrote so far, for a build that can't read it itself. */
export type ToChild = RunRequest | { readonly type: "cancel" } | { readonly type: "trace"; readonly path: string };

export interface TestReport {
  /** With the names of the suites around it. */
  readonly name: string;
  readonly file: string;
  readonly state: "passed" | "failed" | "skipped" | "pending";
  readonly durationMs: number;
  readonly error: string | null;
  /** What `ctx.skip(note)` said. */
  readonly note: string | null;
}

export interface ModuleReport {
  readonly file: string;
  readonly state: "passed" | "failed" | "skipped" | "pending" | "queued";
  /** What went wrong outside the tests: syntax, imports, hooks. */
  readonly errors: readonly string[];
  readonly tests: readonly TestReport[];
  /** How many of its tests belong to another tier and were left out. */
  readonly leftOut: number;
}

/** What vitest says of one run, and of no other. */
export interface RunReport {
  readonly reason: "passed" | "failed" | "interrupted";
  readonly modules: readonly ModuleReport[];
  /** Errors that belong to no test. */
  readonly errors: readonly string[];
}

export type FromChild =
  | { readonly type: "ready" }
  | { readonly type: "log"; readonly line: string }
  | { readonly type: "report"; readonly run: number; readonly report: RunReport }
  | { readonly type: "broken"; readonly run: number; readonly message: string }
  | { readonly type: "trace"; readonly text: string };
