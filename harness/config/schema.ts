import { z } from "zod";

/** In a schema's message, between what is wrong and what to do. */
export const cut = "\0";

/** What a wrong value is told: what it is, and what it may be. */
const wants = (remedy: string) => ({ error: ({ input }: { readonly input?: unknown }) => `${input === undefined ? "is missing" : `is ${shown(input)}`}${cut}${remedy}` });

const seconds = (least: number, most = 86_400) => {
  const range = wants(`give seconds from ${least} to ${most}`);
  return z.number(range).min(least, range).max(most, range);
};

const whole = (least: number, most: number) => {
  const range = wants(`give a whole number from ${least} to ${most}`);
  return z.number(range).int(range).min(least, range).max(most, range);
};

const text = (remedy: string) => z.string(wants(remedy)).regex(/\S/, wants(remedy));

const path = z.string(wants("give a path of the app, like /login")).regex(/^\/[^\s#]*$/, wants("give a path of the app, like /login"));
/** Of 500 and above the edge answers most itself, and never for an app that works. */
const code = whole(200, 499);
const page = {
  codes: z.array(code, wants("give a list of status codes, like [200, 404]")).min(1, wants("give at least one status code, or leave it out")).optional(),
  text: text("give text that the page contains").optional(),
};

const within10 = z.number(wants("give seconds above 0, at most 3600")).gt(0, wants("give seconds above 0, at most 3600")).max(3600, wants("give seconds above 0, at most 3600"));
const serviceName = z.string({ error: "a service's name must be text" });
const names = z.array(serviceName, { error: 'must be a list of service names, like ["db"]' }).default([]);
const service = text("name a service of the compose files");
const anyProbe = { after: z.array(text("name another probe"), wants('give a list of probes, like ["api"]')).default([]), timeout: seconds(1).optional() };

const probe = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: z.literal("http"), path, ...page, ...anyProbe }),
    z.strictObject({ kind: z.literal("tcp"), service, port: whole(1, 65_535), connects: whole(1, 100).default(3), ...anyProbe }),
    z.strictObject({
      kind: z.literal("command"),
      service,
      command: z.array(z.string(wants("give text")), wants('give a list of words, like ["sh", "-c", "test -e /ready"]')).min(1, wants("give a program and its arguments")),
      ...anyProbe,
    }),
  ],
  wants('say its kind: "http", "tcp" or "command"'),
);

const values = z.record(z.string(), z.string(wants("write the value as text, between quotes"))).default({});
const env = z.strictObject({ deploy: values, upgrade: values }).prefault({});

const section = z.record(z.string(), z.unknown()).optional();
const overlay = z.strictObject({
  scope: z.enum(["base", "head", "both"], wants('give "base", "head" or "both"')),
  reason: text("say why a test needs it"),
  expires: z.iso.date(wants("give the last day on which it is applied, like 2026-12-31")),
  compose: z.strictObject({
    services: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
    volumes: section,
    networks: section,
    secrets: section,
    configs: section,
  }),
});
const overlays = z.array(overlay, wants("give a list of overlays")).default([]);

const need = z.string(wants("give a recipe's name, like keycloak")).regex(/^[a-z0-9][a-z0-9_.-]*$/i, wants("give a recipe's name, like keycloak"));

const skip = z.record(z.string(), text("say why it is skipped: a reason that a reader understands")).default({});

/** What a recipe's settings may hold, as tiers/settings.ts says it to those who write them. */
export const settingsSchema = z.strictObject({
  $schema: z.string().optional(),
  health: z.strictObject({ path: path.optional(), ...page }).prefault({}),
  probes: z.record(z.string(), probe).default({}),
  timeouts: z.strictObject({ deploy: seconds(10).optional(), ready: seconds(1).optional(), tier: seconds(1).optional() }).prefault({}),
  restarts: z
    .strictObject({
      failures: whole(1, 40).optional(),
      withinSeconds: within10.optional(),
      // Below 10 s of life a task is never trusted, whatever is set: watch/limits.ts.
      stableFor: seconds(10, 3600).optional(),
      ceiling: seconds(10, 3600).optional(),
    })
    .prefault({}),
  load: z.strictObject({ seconds: whole(1, 3600).default(60), connections: whole(1, 1000).default(10) }).prefault({}),
  dependencies: z.record(z.string(), z.strictObject({ add: names, remove: names })).default({}),
  env,
  needs: z.array(need, wants('give a list of recipes, like ["keycloak"]')).default([]),
  weight: z.number(wants("give a number above 0, at most 100")).gt(0, wants("give a number above 0, at most 100")).max(100, wants("give a number above 0, at most 100")).optional(),
  overlays,
  variants: z.record(z.string(), z.strictObject({ env, overlays, skip })).default({}),
  skip,
});

/** As JSON Schema, for editors: what a file may hold before defaults are filled in. */
export function settingsJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(settingsSchema, { target: "draft-2020-12", io: "input" });
}

/** A value as a reader would recognise it, at most 60 characters of it. */
export function shown(value: unknown): string {
  const plain = typeof value === "number" || value === undefined;
  // What JSON has no words for (functions, symbols) is named by its type.
  const words = plain ? String(value) : (JSON.stringify(value) ?? `a ${typeof value}`);
  return words.length > 60 ? `${words.slice(0, 57)}...` : words;
}
