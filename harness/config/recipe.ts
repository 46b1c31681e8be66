import { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { unknownKeys } from "./unknown.ts";

/** What a recipe's settings came to. */
export interface Settings {
  /** Their file as messages call it; without settings the one that would hold them. */
  readonly place: string;
  /** Limits of the watch that they set, by the watch's names, milliseconds. */
  readonly limits: Limits;
  readonly dependencies: DependencyEdits;
}

type Limits = { readonly failures?: number; readonly withinMs?: number; readonly stableForMs?: number; readonly ceilingMs?: number };

/** By service: what it waits for besides what compose says, and what it does not wait for. */
export type DependencyEdits = Readonly<Record<string, { readonly add: readonly string[]; readonly remove: readonly string[] }>>;

export const noSettings: Settings = { place: ".recipe-ci/recipe.json", limits: {}, dependencies: {} };

/** What each number may be. Below 10 s of life a task is never trusted, whatever is set: watch/limits.ts. */
const remedies: Readonly<Record<string, string>> = {
  failures: "give a whole number from 1 to 40",
  withinSeconds: "give seconds above 0, at most 3600",
  stableFor: "give seconds from 10 to 3600",
  ceiling: "give seconds from 10 to 3600",
};

const number = (fits: (value: number) => boolean) =>
  z.custom<number>((value) => typeof value === "number" && Number.isFinite(value) && fits(value), { error: ({ input }) => `is ${shown(input)}` });

const names = z.array(z.string({ error: "a service's name must be text" }), { error: 'must be a list of service names, like ["db"]' }).default([]);

const settingsSchema = z.strictObject({
  restarts: z
    .strictObject({
      failures: number((value) => Number.isInteger(value) && value >= 1 && value <= 40).optional(),
      withinSeconds: number((value) => value > 0 && value <= 3600).optional(),
      stableFor: number((value) => value >= 10 && value <= 3600).optional(),
      ceiling: number((value) => value >= 10 && value <= 3600).optional(),
    })
    .default({}),
  dependencies: z.record(z.string(), z.strictObject({ add: names, remove: names })).default({}),
});

const keys = ["restarts", "failures", "withinSeconds", "stableFor", "ceiling", "dependencies", "add", "remove"];
const keysInWords = "the keys are: restarts.{failures,withinSeconds,stableFor,ceiling}, dependencies.<service>.{add,remove}";

/**
 * Checks settings that were read, for all that can be said without the recipe; `checkFit` says the rest.
 * @param place their file, for messages: `recipes/plausible/recipe.ts`
 * @throws UsageError naming place and key, with a suggestion for one that is misspelt
 */
export function parseSettings(value: unknown, place: string): Settings {
  const result = settingsSchema.safeParse(value);
  if (!result.success) throw problem(result.error, value, place);
  const { restarts, dependencies } = result.data;
  for (const [service, { add, remove }] of Object.entries(dependencies)) {
    const where = `dependencies.${service}`;
    const both = add.find((name) => remove.includes(name));
    if (both !== undefined) throw new UsageError(place, `${where} both adds and removes ${both}`, "decide for one");
    if (add.includes(service)) throw new UsageError(place, `${where}.add: ${service} can't wait for itself`, "name another service");
  }
  return { place, limits: limitsOf(restarts), dependencies };
}

/** @throws UsageError where the text is not JSON, and as `parseSettings` */
export function parseSettingsJson(text: string, place: string): Settings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Only where: the message quotes the text, which may be anything.
    const at = /position \d+(?: \(line \d+ column \d+\))?/.exec(String(error))?.[0];
    throw new UsageError(place, `is not JSON${at === undefined ? "" : ` (${at})`}`, "mend it or leave it out");
  }
  return parseSettings(value, place);
}

function limitsOf({ failures, withinSeconds, stableFor, ceiling }: z.infer<typeof settingsSchema>["restarts"]): Limits {
  return {
    ...(failures === undefined ? {} : { failures }),
    ...(withinSeconds === undefined ? {} : { withinMs: withinSeconds * 1000 }),
    ...(stableFor === undefined ? {} : { stableForMs: stableFor * 1000 }),
    ...(ceiling === undefined ? {} : { ceilingMs: ceiling * 1000 }),
  };
}

function problem(error: z.ZodError, value: unknown, place: string): UsageError {
  const issue = error.issues[0];
  const path = issue?.path.join(".") ?? "";
  const remedy = issue?.code === "custom" ? remedies[String(issue.path.at(-1))] : undefined;
  if (remedy !== undefined) return new UsageError(place, `${path} ${issue?.message}`, remedy);
  if (issue?.code === "invalid_type" && issue.expected === "object") {
    return new UsageError(place, `${path || "what it holds"} is ${shown(issue.path.reduce<unknown>(inside, value))}`, `it must be an object; ${keysInWords}`);
  }
  return new UsageError(place, unknownKeys(error, keys) ?? `${path || "the file"}: ${issue?.message ?? "is wrong"}`, keysInWords);
}

const inside = (value: unknown, key: PropertyKey): unknown => (value as Record<PropertyKey, unknown> | undefined)?.[key];

/** A value as a reader would recognise it, at most 60 characters of it. */
function shown(value: unknown): string {
  const plain = typeof value === "number" || value === undefined;
  // What JSON has no words for (functions, symbols) is named by its type.
  const text = plain ? String(value) : (JSON.stringify(value) ?? `a ${typeof value}`);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
