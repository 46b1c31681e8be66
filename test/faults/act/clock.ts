import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { type Armed, plainly } from "./armed.ts";

/** The time of day that the build's processes see is another from the fault on. @param byMs forward; negative: back */
export function clockStepped(byMs: number): Armed {
  const program = pathToFileURL(join(import.meta.dirname, "clock.mjs")).href;
  const env = { NODE_OPTIONS: `--import=${program}`, RECIPE_CI_FAULT_STEP_MS: String(byMs) };
  return plainly((target) => target.kill("SIGUSR2"), { env });
}
