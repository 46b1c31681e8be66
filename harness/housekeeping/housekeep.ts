import { messageOf } from "../base/errors.ts";
import { type Decision, type Limit, planRetention, type Thing } from "./retention.ts";

/** One kind of thing that recipe-ci keeps. */
export interface Kind {
  /** In the plural: `run folders`. */
  readonly name: string;
  /** Everything of the kind, and what it may take. @throws where it can't be looked at */
  look(signal: AbortSignal): Promise<{ readonly things: readonly Thing[]; readonly limit: Limit }>;
  /** Removes one. Twice is harmless. @throws where it can't be removed */
  remove(id: string, signal: AbortSignal): Promise<void>;
}

/** What became of one kind. */
export interface Kept {
  readonly kind: string;
  readonly limit: Limit | null;
  readonly decisions: readonly Decision[];
  /** What should go and could not be removed: its id and why. */
  readonly left: readonly { readonly id: string; readonly why: string }[];
  /** Why nobody knows what there is; null where it could be looked at. */
  readonly unseen: string | null;
}

export interface HouseOptions {
  /** Only says what it would do. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now?: number;
}

/**
 * Looks at every kind and removes what its limits say, one thing after the other: this goes on beside builds. What goes wrong with one
 * kind, or one thing, stops no other.
 * @throws the signal's reason
 */
export async function keepHouse(kinds: readonly Kind[], o: HouseOptions): Promise<Kept[]> {
  const all: Kept[] = [];
  for (const kind of kinds) all.push(await keepKind(kind, o));
  return all;
}

async function keepKind(kind: Kind, { dryRun, signal, now = Date.now() }: HouseOptions): Promise<Kept> {
  try {
    const { things, limit } = await kind.look(signal);
    const decisions = planRetention(things, limit, now);
    const left = dryRun ? [] : await removeAll(kind, decisions.filter(({ goes }) => goes), signal);
    return { kind: kind.name, limit, decisions, left, unseen: null };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: kind.name, limit: null, decisions: [], left: [], unseen: messageOf(error) };
  }
}

async function removeAll(kind: Kind, going: readonly Decision[], signal: AbortSignal): Promise<{ id: string; why: string }[]> {
  const left: { id: string; why: string }[] = [];
  for (const { thing } of going) {
    try {
      await kind.remove(thing.id, signal);
    } catch (error) {
      signal.throwIfAborted();
      left.push({ id: thing.id, why: messageOf(error) });
    }
  }
  return left;
}
