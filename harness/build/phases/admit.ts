import { access, constants, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openLog } from "../../base/log.ts";
import { messageOf, UsageError } from "../../base/errors.ts";
import type { Build } from "../context.ts";

const logFile = "build.log";

/**
 * Takes the run's place: its folder, and the folder for its results, which must be writable before anything is spent.
 * @throws UsageError where results could not be written
 */
export async function admit(build: Build): Promise<void> {
  const { out } = build.request;
  try {
    await mkdir(out, { recursive: true });
    await access(out, constants.W_OK);
    build.log = openLog(join(out, logFile), build.mask);
  } catch (error) {
    throw new UsageError(`--out ${out}`, `can't be written: ${messageOf(error)}`, "name a folder that can");
  }
  await mkdir(build.dir, { recursive: true });
  build.findings.artifacts.push({ kind: "build-log", path: logFile });
  build.journal.will({ kind: "folder", name: build.dir });
}
