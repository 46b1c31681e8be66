import { messageOf } from "../../base/errors.ts";
import { BadShape } from "../composeParts.ts";
import { appFiles, recipeFile } from "../files.ts";
import { MissingVariable } from "../interpolate.ts";
import type { Ground } from "./bounds.ts";
import { refusals } from "./policy.ts";
import type { Refusal } from "./refusal.ts";

/**
 * What a recipe asks for beyond what one that is not trusted gets.
 * @param dir its files
 * @param env the app's .env
 * @throws FindingError (recipe, invalid-compose), UsageError for files that are not there, lead out or are too long
 */
export async function refusedOf(dir: string, env: Readonly<Record<string, string>>, ground: Ground): Promise<Refusal[]> {
  const proposed = { files: await appFiles(dir, env), env, abraSh: (await recipeFile(dir, "abra.sh")) ?? "" };
  try {
    return refusals(proposed, ground);
  } catch (error) {
    if (!(error instanceof BadShape || error instanceof MissingVariable || error instanceof RangeError)) throw error;
    // Whoever reads it otherwise may find more in it than this project did.
    return [{ rule: "unreadable", service: null, file: "compose.yml", key: "the file", text: messageOf(error), remedy: "write it as Docker's reference does" }];
  }
}
