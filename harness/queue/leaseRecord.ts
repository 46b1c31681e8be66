import { z } from "zod";
import type { ProcessIdentity } from "../base/processIdentity.ts";

/** What a lease says of its run. It stands in the labels of a Swarm config object. */
export interface LeaseRecord {
  readonly run: string;
  readonly recipe: string;
  readonly owner: ProcessIdentity;
  /** The harness's version, for people. */
  readonly harness: string;
  readonly lane: string;
  /** How much of the lane's capacity it takes. */
  readonly weight: number;
  /** `kept`: its app stays until `until`, with nobody who beats. `taken`: somebody found it dead and takes it down. */
  readonly state: "running" | "closing" | "kept" | "taken";
  /** When a kept run may go, UTC ISO 8601; null for others. */
  readonly until: string | null;
  /** Moves with every sign of life; what counts is that the object's version moves with it. */
  readonly beat: number;
  /** What the run has on this Swarm or is about to make, oldest first. */
  readonly owns: readonly Owned[];
}

/** A stack and all that carries its name: services, networks, secrets, configs, volumes. */
export interface Owned {
  readonly kind: "stack";
  readonly name: string;
}

/** What a config object is, seen by its labels. */
export type Reading =
  | { readonly kind: "lease"; readonly record: LeaseRecord }
  /** Written by a later version: only that one knows what it means. */
  | { readonly kind: "newer"; readonly schema: number }
  | { readonly kind: "unreadable"; readonly why: string };

/** The version of what is written below. A sweeper leaves alone what is higher. */
const schema = 1;

/** With it an object says that it is a lease, and in which version. */
export const leaseLabel = "recipe-ci.lease";
const recordLabel = "recipe-ci.lease.record";

/** Swarm takes no object of more than 500 KB, and everybody who looks reads all leases: a run's must stay small. */
const mostBytes = 64 * 1024;

const recordSchema: z.ZodType<LeaseRecord> = z.strictObject({
  run: z.string().regex(/^[\w-]{1,40}$/),
  recipe: z.string(),
  owner: z.strictObject({ host: z.string(), boot: z.string().nullable(), namespace: z.string().nullable(), pid: z.int().positive(), started: z.string().nullable() }),
  harness: z.string(),
  lane: z.string(),
  weight: z.number().nonnegative(),
  state: z.enum(["running", "closing", "kept", "taken"]),
  until: z.iso.datetime().nullable(),
  beat: z.int().nonnegative(),
  owns: z.array(z.strictObject({ kind: z.literal("stack"), name: z.string().regex(/^[a-zA-Z0-9][\w.-]{0,62}$/) })).readonly(),
});

/** The name of a run's lease: one a run, at most 64 characters. */
export function leaseName(run: string): string {
  return `recipe-ci-lease-${run}`;
}

/** @throws Error where it is over 64 KB, or what nobody could read again */
export function toLabels(record: LeaseRecord): Record<string, string> {
  const text = JSON.stringify(recordSchema.parse(record));
  if (Buffer.byteLength(text) > mostBytes) throw new Error(`the lease of run ${record.run} would be over ${mostBytes / 1024} KB: it owns ${record.owns.length} stacks`);
  return { [leaseLabel]: String(schema), [recordLabel]: text };
}

/** Null where the labels are no lease's. */
export function readLabels(labels: Readonly<Record<string, string>> | null | undefined): Reading | null {
  const said = labels?.[leaseLabel];
  if (said === undefined) return null;
  if (!/^[1-9]\d{0,5}$/.test(said)) return { kind: "unreadable", why: `its schema is ${JSON.stringify(said)}` };
  if (Number(said) > schema) return { kind: "newer", schema: Number(said) };
  const record = recordSchema.safeParse(parsed(labels?.[recordLabel]));
  if (record.success) return { kind: "lease", record: record.data };
  const [issue] = record.error.issues;
  return { kind: "unreadable", why: `${issue?.path.join(".") || "its record"}: ${issue?.message ?? "is wrong"}` };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return null;
  }
}
