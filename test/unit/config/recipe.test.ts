import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../harness/base/errors.ts";
import { editDependencies } from "../../../harness/config/dependencies.ts";
import { checkFit, type Composition } from "../../../harness/config/fit.ts";
import { noSettings, parseSettings, parseSettingsJson } from "../../../harness/config/recipe.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { limitsWith } from "../../../harness/watch/limits.ts";
import { settingsSchemaFile, settingsSchemaText } from "../../../harness/config/jsonSchema.ts";
import type { Shape } from "../../../harness/config/problem.ts";
import { settingsJsonSchema } from "../../../harness/config/schema.ts";
import { type CommandProbe, defineRecipe, type HttpProbe, type OverlaySettings, type RecipeSettings, type TcpProbe, type VariantSettings } from "../../../tiers/settings.ts";

const place = "recipes/plausible/recipe.ts";

type All<T> = { readonly [K in keyof T]-?: NonNullable<T[K]> };
type Inner<K extends keyof RecipeSettings> = All<NonNullable<RecipeSettings[K]>>;
const overlay = { scope: "base", reason: "its image is gone", expires: "2026-12-31", compose: { services: { app: { image: "nginx:1" } }, volumes: { v: {} }, networks: { n: {} }, secrets: { s: {} }, configs: { c: {} } } } as const;
/** With every key that its type has: one that the schema lacks would be refused. */
const all: All<RecipeSettings> & { [K in "restarts" | "health" | "timeouts" | "load" | "env"]: Inner<K> } & { overlays: readonly (OverlaySettings & { compose: All<OverlaySettings["compose"]> })[]; variants: Record<string, All<VariantSettings>> } = {
  $schema: "https://example.org/recipe.schema.json",
  health: { path: "/status", codes: [200, 404], text: "ready" },
  probes: {
    api: { kind: "http", path: "/api", codes: [200], text: "ok", after: ["voice"], timeout: 30 } satisfies All<HttpProbe>,
    voice: { kind: "tcp", service: "app", port: 64_738, connects: 5, after: ["worker"], timeout: 40 } satisfies All<TcpProbe>,
    worker: { kind: "command", service: "app", command: ["test", "-e", "/ready"], after: [], timeout: 50 } satisfies All<CommandProbe>,
  },
  timeouts: { deploy: 1_200, ready: 90, tier: 300 },
  restarts: { failures: 3, withinSeconds: 90, stableFor: 30, ceiling: 300 },
  load: { seconds: 20, connections: 50 },
  dependencies: { app: { add: ["queue"], remove: ["cache"] } },
  env: { deploy: { A: "1" }, upgrade: { B: "2" } },
  needs: ["keycloak"],
  weight: 2.5,
  overlays: [overlay],
  variants: { postgres: { env: { deploy: { COMPOSE_FILE: "compose.yml:compose.postgres.yml" }, upgrade: {} }, overlays: [overlay], skip: { upgrade: "it is new" } } },
  skip: { backup: "the dump takes an hour" },
};

/** The keys of a schema as paths; with an example those of them that it has. */
function keysOf(shape: Shape, example?: unknown, path = ""): Set<string> {
  const examples = example === undefined ? [] : [example].flat();
  const keys = Object.entries(shape.properties ?? {}).flatMap(([key, inner]) => {
    const given = examples.flatMap((one) => (typeof one === "object" && one !== null && key in one ? [(one as Record<string, unknown>)[key]] : []));
    if (example !== undefined && given.length === 0) return [];
    return [`${path}${key}`, ...keysOf(inner, example === undefined ? undefined : given.flat(), `${path}${key}.`)];
  });
  const open = typeof shape.additionalProperties === "object" ? shape.additionalProperties : undefined;
  const values = example === undefined ? undefined : examples.flatMap((one) => Object.values(one as object));
  const below = [
    ...(open ? keysOf(open, values, `${path}*.`) : []),
    ...(shape.items ? keysOf(shape.items, example, path) : []),
    ...(shape.oneOf ?? []).flatMap((one) => [...keysOf(one, example, path)]),
  ];
  return new Set([...keys, ...below]);
}

describe("settings", () => {
  test("all of them", () => {
    expect(parseSettings(defineRecipe(all), place)).toEqual({
      place,
      limits: { failures: 3, withinMs: 90_000, stableForMs: 30_000, ceilingMs: 300_000 },
      dependencies: { app: { add: ["queue"], remove: ["cache"] } },
      health: { path: "/status", codes: [200, 404], text: "ready" },
      probes: [
        { name: "api", kind: "http", path: "/api", codes: [200], text: "ok", after: ["voice"], timeoutMs: 30_000 },
        { name: "voice", kind: "tcp", service: "app", port: 64_738, connects: 5, after: ["worker"], timeoutMs: 40_000 },
        { name: "worker", kind: "command", service: "app", command: ["test", "-e", "/ready"], after: [], timeoutMs: 50_000 },
      ],
      timeouts: { deployMs: 1_200_000, readyMs: 90_000, tierMs: 300_000 },
      load: all.load,
      env: all.env,
      needs: ["keycloak"],
      overlays: [{ ...overlay, at: "overlays.0" }],
      variants: { postgres: { env: all.variants.postgres?.env, overlays: [{ ...overlay, at: "variants.postgres.overlays.0" }], skip: { upgrade: "it is new" } } },
      skip: all.skip,
    });
  });
  test("every key of the schema has a type", () => expect(keysOf(settingsJsonSchema() as Shape)).toEqual(new Set(keysOf(settingsJsonSchema() as Shape, all))));
  test("the committed schema is the one that the code gives (npm run schema)", () => expect(readFileSync(settingsSchemaFile, "utf8")).toBe(settingsSchemaText()));
  test("none of them", () => expect(parseSettings({}, place)).toEqual({ ...noSettings, place }));
  test("a dependency with one side", () => expect(parseSettings({ dependencies: { app: { add: ["db"] } } }, place).dependencies).toEqual({ app: { add: ["db"], remove: [] } }));
  test("the same as JSON", () => expect(parseSettingsJson(JSON.stringify(all), place)).toEqual(parseSettings(all, place)));
  test("the watch takes the limits, and knows whose they are", () => {
    expect(limitsWith(parseSettings(all, place).limits, place)).toEqual({
      ...defaultLimits, failures: 3, withinMs: 90_000, stableForMs: 30_000, ceilingMs: 300_000,
      source: { place, set: ["failures", "withinMs", "stableForMs", "ceilingMs"] },
    });
  });
});

describe("a number that is none, or makes no sense", () => {
  const whole = "give a whole number from 1 to 40";
  test.each<[string, unknown, string]>([
    ["failures", 0, `is 0; ${whole}`],
    ["failures", -1, `is -1; ${whole}`],
    ["failures", 2.5, `is 2.5; ${whole}`],
    ["failures", 41, `is 41; ${whole}`],
    ["failures", Number.NaN, `is NaN; ${whole}`],
    ["failures", Number.POSITIVE_INFINITY, `is Infinity; ${whole}`],
    ["failures", "4", `is "4"; ${whole}`],
    ["failures", true, `is true; ${whole}`],
    ["failures", null, `is null; ${whole}`],
    ["failures", [4], `is [4]; ${whole}`],
    ["failures", "x".repeat(100), `is "${"x".repeat(56)}...; ${whole}`],
    ["failures", () => 4, `is a function; ${whole}`],
    ["withinSeconds", 0, "is 0; give seconds above 0, at most 3600"],
    ["withinSeconds", -5, "is -5; give seconds above 0"],
    ["withinSeconds", 3601, "is 3601; give seconds above 0"],
    ["withinSeconds", Number.NaN, "is NaN; give seconds above 0"],
    ["stableFor", 0, "is 0; give seconds from 10 to 3600"],
    ["stableFor", 9, "is 9; give seconds from 10 to 3600"],
    ["stableFor", "2m", 'is "2m"; give seconds from 10 to 3600'],
    ["ceiling", 0, "is 0; give seconds from 10 to 3600"],
    ["ceiling", 9.9, "is 9.9; give seconds from 10 to 3600"],
    ["ceiling", Number.NEGATIVE_INFINITY, "is -Infinity; give seconds from 10 to 3600"],
    ["ceiling", 600_000, "is 600000; give seconds from 10 to 3600"],
  ])("restarts.%s: %j", (key, value, says) => {
    const parse = () => parseSettings({ restarts: { [key]: value } }, place);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(`${place}: restarts.${key} ${says}`);
  });

  test.each<[string, number]>([["failures", 1], ["failures", 40], ["withinSeconds", 0.5], ["withinSeconds", 3600], ["stableFor", 10], ["stableFor", 3600], ["ceiling", 10], ["ceiling", 3600]])(
    "restarts.%s may be %d",
    (key, value) => expect(Object.keys(parseSettings({ restarts: { [key]: value } }, place).limits)).toHaveLength(1),
  );
});

describe("a shape that is wrong", () => {
  const keys = "the keys are health, probes, timeouts, restarts, load, dependencies, env, needs, weight, overlays, variants, skip";
  test.each<[string, unknown, string]>([
    ["a misspelt key", { restart: {} }, `unknown key "restart", did you mean "restarts"?; ${keys}`],
    ["a misspelt limit", { restarts: { failure: 2 } }, 'unknown key "restarts.failure", did you mean "failures"?'],
    ["the watch's own name of a limit", { restarts: { withinMs: 2 } }, 'unknown key "restarts.withinMs"'],
    ["a key like no other", { zzzzzzzzzz: 1 }, `unknown key "zzzzzzzzzz"; ${keys}`],
    ["a misspelt side", { dependencies: { app: { ad: ["db"] } } }, 'unknown key "dependencies.app.ad", did you mean "add"?'],
    ["no object", [], `what it holds is []; it must be an object; ${keys}`],
    ["nothing", undefined, "what it holds is undefined; it must be an object"],
    ["null", null, "what it holds is null; it must be an object"],
    ["text", "restarts", 'what it holds is "restarts"; it must be an object'],
    ["restarts as a number", { restarts: 4 }, "restarts is 4; it must be an object"],
    ["a service as a list", { dependencies: { app: ["db"] } }, 'dependencies.app is ["db"]; it must be an object'],
    ["one name without its list", { dependencies: { app: { add: "db" } } }, 'dependencies.app.add: must be a list of service names, like ["db"]'],
    ["a number for a name", { dependencies: { app: { remove: [4] } } }, "dependencies.app.remove.0: a service's name must be text"],
    ["both ways", { dependencies: { app: { add: ["db"], remove: ["db"] } } }, "dependencies.app both adds and removes db; decide for one"],
    ["itself", { dependencies: { app: { add: ["app"] } } }, "dependencies.app.add: app can't wait for itself"],
  ])("%s", (_, value, says) => {
    expect(() => parseSettings(value, place)).toThrow(UsageError);
    expect(() => parseSettings(value, place)).toThrow(`${place}: ${says}`);
  });

  test.each(["", "restarts:\n  failures: 2\n", '{"restarts": }', '{"restarts": {"failures": NaN}}', "export default {}"])("no JSON: %j", (text) => {
    expect(() => parseSettingsJson(text, place)).toThrow(UsageError);
    expect(() => parseSettingsJson(text, place)).toThrow(`${place}: is not JSON`);
  });
  test("a JSON file's error does not quote it", () => expect(() => parseSettingsJson('{"a": "hunter2', place)).not.toThrow("hunter2"));
});

describe("settings and the recipe they are for", () => {
  const composition: Composition = { names: ["app", "db", "queue", "cache"], dependencies: { app: ["db", "queue"], queue: ["db"], db: [] }, restartDelaysMs: [20_000, 5_000], routed: true };
  const today = new Date("2026-11-21T12:00:00Z");
  const fit = (value: RecipeSettings, changes: Partial<Composition> = {}) => checkFit(parseSettings(value, place), { ...composition, ...changes }, defaultLimits, today);

  test("what fits", () => expect(fit({ restarts: { failures: 4, withinSeconds: 15 }, dependencies: { app: { remove: ["queue"] }, db: {} } })).toEqual([]));

  test.each<[string, RecipeSettings, string]>([
    ["a window below one restart delay", { restarts: { failures: 1, withinSeconds: 4 } }, "restarts: 1 failure never fit into 4 s, Swarm waits 5.0 s before each restart; give restarts.withinSeconds at least 5, or fewer restarts.failures"],
    ["a window below the restarts that it needs", { restarts: { failures: 4, withinSeconds: 14 } }, "restarts: 4 failures never fit into 14 s, Swarm waits 5.0 s before each restart; give restarts.withinSeconds at least 15"],
    ["a window below those of the default count", { restarts: { withinSeconds: 14 } }, "restarts: 4 failures never fit into 14 s"],
    ["an unknown service", { dependencies: { ap: { add: ["db"] } } }, 'dependencies: no service "ap", did you mean "app"?; the recipe\'s services are app, db, queue, cache'],
    ["an unknown addition", { dependencies: { app: { add: ["caches"] } } }, 'dependencies.app.add: no service "caches", did you mean "cache"?'],
    ["an unknown removal", { dependencies: { app: { remove: ["zookeeper"] } } }, 'dependencies.app.remove: no service "zookeeper"; the recipe\'s services are'],
    ["a name of JavaScript's own", JSON.parse('{"dependencies":{"constructor":{"add":["db"]}}}') as RecipeSettings, 'dependencies: no service "constructor"'],
    ["a circle", { dependencies: { db: { add: ["queue"] } } }, 'dependencies.db.add: queue itself waits for db (queue > db); a service must not excuse what it waits for: leave it out, or take a wait out first: dependencies.queue.remove: ["db"]'],
    ["a circle through another", { dependencies: { app: { remove: ["db"] }, db: { add: ["app"] } } }, "dependencies.db.add: app itself waits for db (app > queue > db)"],
    ["a circle of two additions", { dependencies: { db: { add: ["cache"] }, cache: { add: ["db"] } } }, "dependencies.cache.add: db itself waits for cache (db > cache)"],
  ])("%s", (_, value, says) => {
    const withCache = { dependencies: { ...composition.dependencies, cache: [] } };
    expect(() => fit(value, withCache)).toThrow(UsageError);
    expect(() => fit(value, withCache)).toThrow(`${place}: ${says}`);
  });

  test("a window of the default count, at a delay that does not allow for it", () => expect(() => fit({ restarts: { failures: 4 } }, { restartDelaysMs: [120_000] })).toThrow("4 failures never fit into 300 s, Swarm waits 2 min 0 s"));
  test("nothing set is nothing to refuse", () => expect(fit({ restarts: { ceiling: 60 } }, { restartDelaysMs: [120_000] })).toEqual([]));
  test("no delay at all", () => expect(fit({ restarts: { withinSeconds: 0.1 } }, { restartDelaysMs: [0] })).toEqual([]));
  test("a wait that is not there to be removed is odd", () => expect(fit({ dependencies: { db: { remove: ["app"] } } })).toEqual([`${place}: dependencies.db.remove: db does not wait for app anyway`]));
  test("a service of another variant is neither wrong nor odd", () => expect(fit({ dependencies: { app: { remove: ["cache"] }, cache: { add: ["db"] } } })).toEqual([]));
});

describe("edits of dependencies", () => {
  const edit = (edits: NonNullable<RecipeSettings["dependencies"]>, found: Record<string, string[]> = { app: ["db"], db: [], queue: [] }) =>
    editDependencies(found, parseSettings({ dependencies: edits }, place).dependencies).dependencies;

  test("add and remove", () => expect(edit({ app: { add: ["queue"], remove: ["db"] } })).toEqual({ app: ["queue"], db: [], queue: [] }));
  test("additions stand in order and once", () => expect(edit({ queue: { add: ["db", "app"] }, app: { add: ["db"] } })).toEqual({ app: ["db"], db: [], queue: ["app", "db"] }));
  test("a wait turned round", () => expect(edit({ db: { add: ["app"] }, app: { remove: ["db"] } })).toEqual({ app: [], db: ["app"], queue: [] }));
  test("what would close a circle is left out", () => expect(edit({ db: { add: ["app", "queue"] } })).toEqual({ app: ["db"], db: ["queue"], queue: [] }));
  test("what this version lacks is left out", () => expect(edit({ app: { add: ["cache"] }, cache: { add: ["app"] } })).toEqual({ app: ["db"], db: [], queue: [] }));
  test("what is given stays as it was", () => {
    const found = { app: ["db"], db: [] };
    edit({ app: { remove: ["db"] } }, found);
    expect(found).toEqual({ app: ["db"], db: [] });
  });
});
