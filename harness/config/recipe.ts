import type { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { checkOverlay, type Overlay } from "./overlays.ts";
import { checkNeeds, checkNeedsIn } from "./needs.ts";
import { checkOrder, type Probe } from "./probes.ts";
import { problem } from "./problem.ts";
import { settingsJsonSchema, settingsSchema } from "./schema.ts";

/** What a recipe's settings came to. Times are milliseconds. */
export interface Settings {
  /** Their file as messages call it; without settings the one that would hold them. */
  readonly place: string;
  /** Limits of the watch that they set, by the watch's names. */
  readonly limits: Limits;
  readonly dependencies: DependencyEdits;
  readonly health: Health;
  readonly probes: readonly Probe[];
  readonly timeouts: Timeouts;
  /** What the scenario load asks of the front page. */
  readonly load: { readonly seconds: number; readonly connections: number };
  /** For the app's .env. */
  readonly env: Env;
  /** Recipes that are deployed beside it, for its own tests. */
  readonly needs: readonly string[];
  readonly overlays: readonly Overlay[];
  /** By tier or test: why it is not run. */
  readonly skip: Readonly<Record<string, string>>;
  /** The variants there are; the chosen one's parts stand in the fields above: `chosenVariant`. */
  readonly variants: Readonly<Record<string, Pick<Settings, "env" | "overlays" | "skip">>>;
}

type Limits = { readonly failures?: number; readonly withinMs?: number; readonly stableForMs?: number; readonly ceilingMs?: number };

/** By service: what it waits for besides what compose says, and what it does not wait for. */
export type DependencyEdits = Readonly<Record<string, { readonly add: readonly string[]; readonly remove: readonly string[] }>>;

/** What a working front page is. */
export interface Health {
  readonly path: string;
  /** Null: the build's own. */
  readonly codes: readonly number[] | null;
  readonly text: string | null;
}

export interface Timeouts {
  readonly deployMs?: number;
  readonly readyMs?: number;
  readonly tierMs?: number;
}

export interface Env {
  readonly deploy: Readonly<Record<string, string>>;
  readonly upgrade: Readonly<Record<string, string>>;
}

export const noSettings: Settings = {
  place: ".recipe-ci/recipe.json",
  limits: {},
  dependencies: {},
  health: { path: "/", codes: null, text: null },
  probes: [],
  timeouts: {},
  load: { seconds: 60, connections: 10 },
  env: { deploy: {}, upgrade: {} },
  needs: [],
  overlays: [],
  variants: {},
  skip: {},
};

/** What the build chooses itself: an app under test has a domain of its own, is this recipe, and asks nobody for certificates. */
export const ownEnv: readonly string[] = ["DOMAIN", "LETS_ENCRYPT_ENV", "STACK_NAME", "TYPE", "RECIPE"];

/**
 * Checks settings that were read, for all that can be said without the recipe; `checkFit` says the rest.
 * @param place their file, for messages: `recipes/plausible/recipe.ts`
 * @throws UsageError naming place and key, with a suggestion for one that is misspelt
 */
export function parseSettings(value: unknown, place: string): Settings {
  const result = settingsSchema.safeParse(value);
  if (!result.success) throw problem(result.error, value, place, settingsJsonSchema());
  const given = result.data;
  checkDependencies(given.dependencies, place);
  const probes = Object.entries(given.probes).map(([name, probe]) => probeOf(name, probe));
  checkOrder(probes, place);
  checkNeeds(given.needs, place);
  return {
    place,
    limits: limitsOf(given.restarts),
    dependencies: given.dependencies,
    health: { path: given.health.path ?? "/", codes: given.health.codes ?? null, text: given.health.text ?? null },
    probes,
    timeouts: timeoutsOf(given.timeouts),
    load: given.load,
    env: envOf(given.env, "env", place, given.needs),
    needs: given.needs,
    overlays: overlaysOf(given.overlays, "overlays", place),
    variants: Object.fromEntries(Object.entries(given.variants).map(([name, variant]) => [name, variantOf(variant, name, place, given.needs)])),
    skip: given.skip,
  };
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

type Given = z.infer<typeof settingsSchema>;

function checkDependencies(dependencies: DependencyEdits, place: string): void {
  for (const [service, { add, remove }] of Object.entries(dependencies)) {
    const where = `dependencies.${service}`;
    const both = add.find((name) => remove.includes(name));
    if (both !== undefined) throw new UsageError(place, `${where} both adds and removes ${both}`, "decide for one");
    if (add.includes(service)) throw new UsageError(place, `${where}.add: ${service} can't wait for itself`, "name another service");
  }
}

function probeOf(name: string, given: Given["probes"][string]): Probe {
  const common = { name, after: given.after, timeoutMs: given.timeout === undefined ? null : given.timeout * 1000 };
  switch (given.kind) {
    case "http":
      return { ...common, kind: "http", path: given.path, codes: given.codes ?? null, text: given.text ?? null };
    case "tcp":
      return { ...common, kind: "tcp", service: given.service, port: given.port, connects: given.connects };
    case "command":
      return { ...common, kind: "command", service: given.service, command: given.command };
  }
}

function limitsOf({ failures, withinSeconds, stableFor, ceiling }: Given["restarts"]): Limits {
  return {
    ...(failures === undefined ? {} : { failures }),
    ...(withinSeconds === undefined ? {} : { withinMs: withinSeconds * 1000 }),
    ...(stableFor === undefined ? {} : { stableForMs: stableFor * 1000 }),
    ...(ceiling === undefined ? {} : { ceilingMs: ceiling * 1000 }),
  };
}

function timeoutsOf({ deploy, ready, tier }: Given["timeouts"]): Timeouts {
  return {
    ...(deploy === undefined ? {} : { deployMs: deploy * 1000 }),
    ...(ready === undefined ? {} : { readyMs: ready * 1000 }),
    ...(tier === undefined ? {} : { tierMs: tier * 1000 }),
  };
}

function envOf(env: Env, where: string, place: string, needs: readonly string[]): Env {
  for (const step of ["deploy", "upgrade"] as const) {
    for (const [name, value] of Object.entries(env[step])) {
      const at = `${where}.${step}: ${JSON.stringify(name)}`;
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new UsageError(place, `${at} is no name of a variable`, "write it like ENABLE_SIGNUP");
      if (ownEnv.includes(name)) throw new UsageError(place, `${at} is set by the build itself`, "leave it out");
      if (value.includes("\0")) throw new UsageError(place, `${at} holds a NUL`, "take it out");
      checkNeedsIn(value, at, needs, place);
    }
  }
  return env;
}

function overlaysOf(given: Given["overlays"], where: string, place: string): Overlay[] {
  return given.map((one, index) => {
    const overlay = { ...one, at: `${where}.${index}` };
    checkOverlay(overlay, place);
    return overlay;
  });
}

function variantOf(given: Given["variants"][string], name: string, place: string, needs: readonly string[]): Settings["variants"][string] {
  if (!/^[a-z0-9][a-z0-9_.-]{0,39}$/i.test(name)) {
    throw new UsageError(place, `variants: ${JSON.stringify(name)} is no name`, "use letters, digits, dots and dashes, like postgres");
  }
  return { env: envOf(given.env, `variants.${name}.env`, place, needs), overlays: overlaysOf(given.overlays, `variants.${name}.overlays`, place), skip: given.skip };
}
