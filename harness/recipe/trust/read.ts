import { appFiles, recipeFile } from "../files.ts";
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
  return refusals({ files: await appFiles(dir, env), env, abraSh: (await recipeFile(dir, "abra.sh")) ?? "" }, ground);
}
