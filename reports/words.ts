import { z } from "zod";
import { resultsSchema } from "./results.ts";

/** The words of the format itself: what its fields are called, and what those may say that take only certain words. */
export function wordsOfResults(): string[] {
  const words = new Set<string>();
  collect(z.toJSONSchema(resultsSchema), words);
  return [...words];
}

function collect(schema: unknown, words: Set<string>): void {
  if (typeof schema !== "object" || schema === null) return;
  const { properties, enum: options } = schema as { properties?: object; enum?: unknown[] };
  for (const word of [...Object.keys(properties ?? {}), ...(options ?? [])]) if (typeof word === "string") words.add(word);
  for (const part of Object.values(schema)) collect(part, words);
}
