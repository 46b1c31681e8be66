import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../base/paths.ts";
import { settingsJsonSchema } from "./schema.ts";

/** Where the committed JSON Schema of a recipe's settings is. */
export const settingsSchemaFile = join(packageRoot, "recipes/recipe.schema.json");

/** The JSON Schema of recipe.json, as it has to be committed. */
export function settingsSchemaText(): string {
  const { $schema, ...rest } = settingsJsonSchema();
  return `${JSON.stringify({ $schema, title: "recipe.json: a recipe's settings for recipe-ci", ...rest }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(settingsSchemaFile, settingsSchemaText());
