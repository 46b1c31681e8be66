import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { resultsSchema } from "./results.ts";

/** Where the committed JSON Schema of results.json is. */
export const schemaFile = join(import.meta.dirname, "results.schema.json");

/** The JSON Schema of results.json, as it has to be committed. */
export function schemaText(): string {
  const { $schema, ...rest } = z.toJSONSchema(resultsSchema, { target: "draft-2020-12" });
  return `${JSON.stringify({ $schema, title: "results.json of recipe-ci, version 1", ...rest }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(schemaFile, schemaText());
