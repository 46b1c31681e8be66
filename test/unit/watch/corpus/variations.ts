import type { Line } from "../../../recorder/tape.ts";
import type { Recording } from "./recording.ts";

/** The same recording, as a worse connection would have brought it. */
export interface Variation {
  readonly name: string;
  readonly of: (recording: Recording) => Recording;
  /** Seconds that the right answer may come later. */
  readonly slack: number;
}

type Events = Extract<Line, { kind: "events" }>;
type Look = Extract<Line, { kind: "look" }>;

const eachChunk = (recording: Recording, change: (line: Events) => Line[]): Line[] =>
  recording.flatMap((line) => (line.kind === "events" ? change(line) : [line]));

/** By arrival; what has no time stays before what comes after it. */
function inOrder(recording: Recording): Line[] {
  let last = 0;
  const timed = recording.map((line) => ({ line, at: (last = "at" in line ? line.at : last) }));
  return timed.toSorted((a, b) => a.at - b.at).map(({ line }) => line);
}

const delayMs = 2_000;
/** Chunks that arrive late sort among the lines of that time; bodies are looked up by number and may stand anywhere before. */
function delayed(recording: Recording): Recording {
  const end = recording.at(-1);
  const limit = end && "at" in end ? end.at : 0;
  const late = recording.flatMap((line) => (line.kind === "events" ? [{ ...line, at: Math.min(line.at + delayMs, limit) }] : []));
  return inOrder([...recording.filter(({ kind }) => kind !== "events" && kind !== "end"), ...late, ...(end ? [end] : [])]);
}

function torn({ at, chunk }: Events): Line[] {
  const pieces = chunk.match(/[^]{1,7}/g) ?? [];
  return pieces.map((piece) => ({ kind: "events", at, chunk: piece }));
}

const sparseMs = 2_000;
function sparse(recording: Recording): Recording {
  let last = Number.NEGATIVE_INFINITY;
  const keeps = (look: Look) => look.at - last >= sparseMs && (last = look.at) >= 0;
  return recording.filter((line) => line.kind !== "look" || keeps(line));
}

const stamp = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** From the middle of the recording on, the daemon's clock is that much off. */
function stepped(byMs: number): (recording: Recording) => Recording {
  return (recording) => {
    const start = recording[0];
    const end = recording.at(-1);
    if (start?.kind !== "start" || end?.kind !== "end") return recording;
    const middle = start.anchor + end.at / 2;
    const shift = (text: string) => text.replace(stamp, (whole) => {
      const at = Date.parse(whole);
      return at < middle || at > middle + end.at ? whole : new Date(at + byMs).toISOString();
    });
    return recording.map((line) => (line.kind === "body" ? { ...line, text: shift(line.text) } : line));
  };
}

export const variations: readonly Variation[] = [
  { name: "events lost altogether", of: (recording) => recording.filter(({ kind }) => kind !== "events"), slack: 0 },
  { name: "events two seconds late", of: delayed, slack: 0 },
  { name: "every chunk of events twice", of: (recording) => eachChunk(recording, (line) => [line, line]), slack: 0 },
  { name: "chunks of events torn into seven bytes", of: (recording) => eachChunk(recording, torn), slack: 0 },
  { name: "the daemon's clock an hour ahead from the middle on", of: stepped(3_600_000), slack: 2 },
  { name: "the daemon's clock an hour behind from the middle on", of: stepped(-3_600_000), slack: 2 },
  { name: "one look each two seconds", of: sparse, slack: 4 },
];
