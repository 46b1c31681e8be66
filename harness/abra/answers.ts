import { z } from "zod";
import { garbage, type Outcome } from "./outcome.ts";

/** `app ps -m`: an object of objects, every value a string. Other keys are let through. */
export const psSchema = z.record(
  z.string(),
  z.looseObject({ service: z.string(), image: z.string(), state: z.string(), status: z.string(), version: z.string(), chaos: z.string() }),
);
export type PsRow = z.infer<typeof psSchema>[string];

/** What `secret generate -m` may look like is not documented: a list of names and values, or an object of them. */
export const generatedSchema = z.union([
  z.array(z.looseObject({ name: z.string(), value: z.string() })).transform((rows) => Object.fromEntries(rows.map(({ name, value }) => [name, value]))),
  z.record(z.string(), z.string()),
]);

/** `app ls -m -S`, as far as the harness reads it: apps by server. */
export const listSchema = z.record(
  z.string(),
  z.looseObject({ apps: z.array(z.looseObject({ domain: z.string(), appName: z.string(), recipe: z.string(), status: z.string(), version: z.string(), chaos: z.string(), chaosVersion: z.string() })) }),
);
export type ListedApp = z.infer<typeof listSchema>[string]["apps"][number];

/**
 * JSON that abra wrote to stdout, checked.
 * @param secret whether the text may hold values that must not show up in evidence
 * @throws infra (class abra) where it is something else
 */
export function answer<T>(schema: z.ZodType<T>, outcome: Outcome, call: string, secret = false): T {
  const evidence = secret ? [] : [outcome.stdout.slice(0, 400)];
  let json: unknown;
  try {
    json = JSON.parse(outcome.stdout);
  } catch (error) {
    throw garbage(call, "no JSON", evidence, secret ? undefined : error);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw garbage(call, parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).slice(0, 3).join("; "), evidence);
  return parsed.data;
}
