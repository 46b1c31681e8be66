import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Line } from "../../../recorder/tape.ts";

const folder = join(import.meta.dirname, "recordings");
const ending = ".jsonl.gz";

export type Recording = readonly Line[];

export const recordings: readonly string[] = readdirSync(folder).filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length));

export function recordingOf(name: string): Recording {
  const text = gunzipSync(readFileSync(join(folder, `${name}${ending}`))).toString("utf8");
  return text.trimEnd().split("\n").map((line) => JSON.parse(line) as Line);
}

/** When a line came, milliseconds since the recording's start; null for what stands only for reference. */
export const timeOf = (line: Line): number | null => ("at" in line ? line.at : null);
