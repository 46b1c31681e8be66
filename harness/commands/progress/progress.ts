import { liveProgress } from "./live.ts";
import { plainProgress } from "./plain.ts";
import type { Progress } from "./types.ts";

/** NDJSON on stdout with `--json`; a live line on a terminal; plain lines elsewhere (CI, pipes). */
export function openProgress(json: boolean): Progress {
  if (json) return { emit: (event) => process.stdout.write(`${JSON.stringify(event)}\n`), close() {} };
  if (process.stdout.isTTY && !process.env.CI) return liveProgress();
  return plainProgress((line) => process.stdout.write(`${line}\n`));
}
