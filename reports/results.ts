/**
 * results.json, version 1: what one build saw. The zod schema is the type and the JSON Schema (`results.schema.json`,
 * committed, guarded by a test) is generated from it. Times are UTC ISO 8601, durations integer milliseconds from a monotonic clock.
 */
import { z } from "zod";

const ms = z.int().nonnegative();
const time = z.iso.datetime();

export const reasonSchema = z.strictObject({
  class: z.string(),
  service: z.string().nullable(),
  summary: z.string(),
  evidence: z.array(z.string()),
  hint: z.string(),
});

export const verdictSchema = z.enum(["passed", "failed", "infra", "unverified", "interrupted", "timedout"]);
export const rungSchema = z.enum(["pass", "fail", "skip", "unverified"]);
export const tierNameSchema = z.enum(["install", "upgrade", "backup", "restore", "custom", "extra"]);
export const statusSchema = z.enum(["passed", "failed", "skipped", "unverified", "interrupted"]);

const spanSchema = z.strictObject({ name: z.string(), startedAt: time, durationMs: ms });

export const phaseSchema = z.strictObject({
  name: z.string(),
  startedAt: time,
  durationMs: ms,
  status: statusSchema,
  spans: z.array(spanSchema),
});

export const testSchema = z.strictObject({
  name: z.string(),
  status: z.enum(["passed", "failed", "skipped"]),
  durationMs: ms,
  error: z.string().nullable(),
});

export const tierSchema = z.strictObject({
  name: tierNameSchema,
  status: statusSchema,
  reason: z.string().nullable(),
  tests: z.array(testSchema),
  /** What was measured, in words: nothing in it decides anything. */
  notes: z.array(z.string()).optional(),
});

export const imageSchema = z.strictObject({
  ref: z.string(),
  digest: z.string().nullable(),
  bytes: z.int().nonnegative().nullable(),
  pullMs: ms,
  /** registry: from outside; cache: from the lasting cache; host: handed over by the host's engine; node: was there already. */
  source: z.enum(["registry", "cache", "host", "node"]),
});

export const failureSchema = z.strictObject({
  service: z.string(),
  slot: z.string(),
  task: z.string(),
  at: time,
  exitCode: z.int().nullable(),
  error: z.string().nullable(),
  excusedBy: z.string().nullable(),
  log: z.array(z.string()),
});

export const residueSchema = z.strictObject({ kind: z.string(), id: z.string(), name: z.string(), remove: z.string() });

export const targetSchema = z.strictObject({
  swarm: z.enum(["ephemeral", "local"]),
  nodes: z.int().positive(),
  engine: z.string(),
  edge: z.string(),
  /** How the throwaway node was allowed to run; null on a local Swarm. */
  privileges: z.enum(["privileged", "reduced"]).nullable(),
  ipvs: z.boolean(),
  /** What the harness added to the recipe for this host, in words; null where nothing. */
  overlay: z.string().nullable(),
  abra: z.strictObject({
    version: z.string(),
    standIn: z.boolean(),
    /** Assumptions about abra that only a real one can confirm. */
    unconfirmed: z.array(z.string()),
  }),
  images: z.array(imageSchema),
});

export const resultsSchema = z.strictObject({
  schema: z.literal(1),
  run: z.strictObject({
    id: z.string(),
    startedAt: time,
    finishedAt: time,
    durationMs: ms,
    lane: z.string(),
    trigger: z.string(),
    harness: z.strictObject({ version: z.string(), commit: z.string().nullable(), dirty: z.boolean() }),
  }),
  recipe: z.strictObject({
    name: z.string(),
    variant: z.string().nullable(),
    ref: z.string().nullable(),
    commit: z.string().nullable(),
    dirty: z.boolean(),
    version: z.string().nullable(),
    base: z.strictObject({ version: z.string(), commit: z.string() }).nullable(),
    operatorMustAdd: z.strictObject({ env: z.array(z.string()), secrets: z.array(z.string()) }),
  }),
  target: targetSchema.nullable(),
  verdict: verdictSchema,
  reason: reasonSchema.nullable(),
  level: z.int().min(0).max(5),
  rungs: z.strictObject({
    install: rungSchema,
    upgrade: rungSchema,
    backup_restore: rungSchema,
    functional: rungSchema,
    lint: rungSchema,
  }),
  phases: z.array(phaseSchema),
  tiers: z.array(tierSchema),
  /** Findings of lint and notices that do not change the verdict. */
  warnings: z.array(z.string()),
  watch: z.strictObject({
    restarts: z.record(z.string(), z.int().nonnegative()),
    failures: z.array(failureSchema),
    decidedMs: ms.nullable(),
  }),
  teardown: z.strictObject({
    status: z.enum(["clean", "leaked", "kept"]),
    residue: z.array(residueSchema),
    durationMs: ms,
  }),
  /** `withheld`: why there is no such file any more; a path that shows a secret is not whole. */
  artifacts: z.array(z.strictObject({ kind: z.string(), path: z.string(), withheld: z.string().optional() })),
});

export type Results = z.infer<typeof resultsSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Rung = z.infer<typeof rungSchema>;
export type TierName = z.infer<typeof tierNameSchema>;
export type Status = z.infer<typeof statusSchema>;
export type PhaseResult = z.infer<typeof phaseSchema>;
export type TierResult = z.infer<typeof tierSchema>;
export type TestResult = z.infer<typeof testSchema>;
export type ImageResult = z.infer<typeof imageSchema>;
export type WatchFailure = z.infer<typeof failureSchema>;
export type TargetFacts = z.infer<typeof targetSchema>;
