import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Results, resultsSchema } from "./results.ts";

/**
 * Writes DIR/results.json whole or not at all: a reader sees the old file or the new one, also after a crash.
 * @returns its path
 * @throws Error that names the bad fields when `results` do not fit the schema; whatever the file system throws
 */
export function writeResults(dir: string, results: Results): string {
  const checked = resultsSchema.safeParse(results);
  if (!checked.success) {
    const bad = checked.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`);
    throw new Error(`results.json would not fit its schema: ${bad.join("; ")}`);
  }
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "results.json");
  replace(path, `${JSON.stringify(checked.data, null, 2)}\n`);
  return path;
}

function replace(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, "w", 0o644);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
