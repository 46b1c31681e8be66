import { array, assert, constantFrom, dictionary, letrec, oneof, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../harness/base/errors.ts";
import { checkFit, type Composition } from "../../../harness/config/fit.ts";
import { overlayInWords, overlaysOf } from "../../../harness/config/overlays.ts";
import { probesFor } from "../../../harness/config/probes.ts";
import { parseSettings } from "../../../harness/config/recipe.ts";
import { chosenVariant } from "../../../harness/config/variants.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import type { RecipeSettings } from "../../../tiers/settings.ts";

const place = "recipes/mumble/recipe.ts";
const parse = (value: unknown) => parseSettings(value, place);
const tcp = { kind: "tcp", service: "app", port: 1 };
const changing = (compose: unknown, scope = "head") => ({ overlays: [{ scope, reason: "the host is small", expires: "2026-12-31", compose }] });

describe("incident 40: a typo in a setting is an error that says what was meant", () => {
  test.each<[string, unknown, string]>([
    ["a key of its own level", { helth: {} }, 'unknown key "helth", did you mean "health"?; the keys are health, probes, timeouts'],
    ["a key below", { health: { code: [200] } }, 'unknown key "health.code", did you mean "codes"?; the keys of health are path, codes, text'],
    ["a key that every object has", { constructor: 3 }, 'unknown key "constructor"; the keys are health, probes, timeouts'],
    ["a key in the wrong place", { failures: 3 }, 'unknown key "failures", did you mean "restarts.failures"?'],
    ["a key of a probe, by its kind", { probes: { voice: { ...tcp, connect: 3 } } }, 'unknown key "probes.voice.connect", did you mean "connects"?; the keys of probes.voice are kind, service, port, connects, after, timeout'],
    ["a key of another kind of probe", { probes: { voice: { ...tcp, path: "/" } } }, 'unknown key "probes.voice.path"; the keys of probes.voice are kind, service, port'],
    ["a kind that is none", { probes: { voice: { kind: "udp" } } }, 'probes.voice.kind is "udp"; say its kind: "http", "tcp" or "command"'],
    ["no kind", { probes: { voice: { port: 1 } } }, 'probes.voice.kind is missing; say its kind'],
    ["a key of an overlay", { overlays: [{ scope: "head", reason: "x", expires: "2026-12-31", compose: { service: {} } }] }, 'unknown key "overlays.0.compose.service", did you mean "services"?'],
    ["a key of a variant", { variants: { pg: { environment: {} } } }, 'unknown key "variants.pg.environment"; the keys of variants.pg are env, overlays, skip'],
    ["a probe to wait for", { probes: { voice: { ...tcp, after: ["ap"] }, api: tcp } }, 'probes.voice.after: no probe "ap", did you mean "api"?; the probes are voice, api'],
    ["a name of JavaScript's own", JSON.parse('{"constructor": 1}'), 'unknown key "constructor"'],
  ])("%s", (_, value, says) => {
    expect(() => parse(value)).toThrow(UsageError);
    expect(() => parse(value)).toThrow(`${place}: ${says}`);
  });
});

test("whatever JSON a file holds, it is taken or refused with place and remedy, never a crash", () => {
  const key = constantFrom("health", "probes", "timeouts", "restarts", "dependencies", "env", "overlays", "variants", "skip", "kind", "http", "tcp", "service", "compose", "services", "scope", "head", "__proto__", "x");
  const { tree } = letrec<{ tree: unknown }>((tie) => ({
    tree: oneof({ maxDepth: 5, depthSize: "small" }, constantFrom<unknown>("http", "tcp", "head", "2026-12-31", "/x", "", 1, 80, null, true), array(tie("tree"), { maxLength: 2 }), dictionary(key, tie("tree"), { maxKeys: 4 })),
  }));
  let taken = 0;
  assert(
    property(dictionary(key, tree, { maxKeys: 3 }), (value) => {
      try {
        parse(JSON.parse(JSON.stringify(value)));
        taken += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
        expect((error as UsageError).message).toMatch(/^recipes\/mumble\/recipe\.ts: [^\0]+; [^\0]+$/s);
      }
    }),
    { numRuns: 500 },
  );
  expect(taken).toBeGreaterThan(5);
});

describe("what makes no sense", () => {
  const path = "give a path of the app, like /login";
  test.each<[string, unknown, string]>([
    ["a path that is none", { health: { path: "status" } }, `health.path is "status"; ${path}`],
    ["a whole address", { probes: { x: { kind: "http", path: "https://x/" } } }, `probes.x.path is "https://x/"; ${path}`],
    ["no code", { health: { codes: [] } }, "health.codes is []; give at least one status code"],
    ["a code that only the edge gives", { health: { codes: [200, 502] } }, "health.codes.1 is 502; give a whole number from 200 to 499"],
    ["an empty text", { health: { text: " " } }, 'health.text is " "; give text that the page contains'],
    ["no port", { probes: { x: { kind: "tcp", service: "app" } } }, "probes.x.port is missing; give a whole number from 1 to 65535"],
    ["no connects", { probes: { x: { ...tcp, connects: 0 } } }, "probes.x.connects is 0; give a whole number from 1 to 100"],
    ["no program", { probes: { x: { kind: "command", service: "app", command: [] } } }, "probes.x.command is []; give a program and its arguments"],
    ["one line for a program", { probes: { x: { kind: "command", service: "app", command: "true" } } }, 'probes.x.command is "true"; give a list of words'],
    ["a circle", { probes: { x: { ...tcp, after: ["y"] }, y: { ...tcp, after: ["x"] }, z: tcp } }, "probes wait for each other in a circle: x, y"],
    ["itself", { probes: { x: { ...tcp, after: ["x"] } } }, "probes wait for each other in a circle: x"],
    ["a list of probes", { probes: [tcp] }, "probes is "],
    ["a timeout that is text", { timeouts: { deploy: "10m" } }, 'timeouts.deploy is "10m"; give seconds from 10 to 86400'],
    ["a timeout beyond a day", { timeouts: { tier: 86_401 } }, "timeouts.tier is 86401; give seconds from 1 to 86400"],
    ["a value that is no text", { env: { deploy: { PORT: 80 } } }, "env.deploy.PORT is 80; write the value as text, between quotes"],
    ["a name that is none", { env: { upgrade: { "A B": "1" } } }, 'env.upgrade: "A B" is no name of a variable'],
    ["what the build sets", { env: { deploy: { LETS_ENCRYPT_ENV: "production" } } }, 'env.deploy: "LETS_ENCRYPT_ENV" is set by the build itself'],
    ["another recipe", { variants: { x: { env: { deploy: { TYPE: "other" } } } } }, 'variants.x.env.deploy: "TYPE" is set by the build itself'],
    ["a variant that no shell takes", { variants: { "a b": {} } }, 'variants: "a b" is no name'],
    ["a skip without a reason", { skip: { upgrade: "" } }, 'skip.upgrade is ""; say why it is skipped'],
    ["a list of skips", { skip: ["upgrade"] }, 'skip is ["upgrade"]; it must be an object'],
  ])("%s", (_, value, says) => {
    expect(() => parse(value)).toThrow(UsageError);
    expect(() => parse(value)).toThrow(`${place}: ${says}`);
  });
});

describe("incident 15: an overlay never changes what is tested of head", () => {
  test.each<[string, unknown, string]>([
    ["its image", { services: { app: { image: "nginx:stable" } } }, "overlays.0.compose.services.app.image"],
    ["its image beside what it may change", { services: { app: { environment: {}, image: "nginx" } } }, "overlays.0.compose.services.app.image"],
    ["its program", { services: { app: { command: "sleep 1d" } } }, "overlays.0.compose.services.app.command"],
    ["its entrypoint", { services: { app: { entrypoint: ["true"] } } }, "overlays.0.compose.services.app.entrypoint"],
    ["files over its program", { services: { app: { volumes: ["x:/app"] } } }, "overlays.0.compose.services.app.volumes"],
    ["how many run", { services: { app: { deploy: { replicas: 0 } } } }, "overlays.0.compose.services.app.deploy.replicas"],
    ["its labels", { services: { app: { deploy: { labels: [] } } } }, "overlays.0.compose.services.app.deploy.labels"],
    ["its whole deploy", { services: { app: { deploy: null } } }, "overlays.0.compose.services.app.deploy"],
    ["its health check", { services: { app: { healthcheck: { test: ["NONE"] } } } }, "overlays.0.compose.services.app.healthcheck.test"],
    ["its health check away", { services: { app: { healthcheck: { disable: true } } } }, "overlays.0.compose.services.app.healthcheck.disable"],
    ["its configs", { configs: { page: { file: "other.html" } } }, "overlays.0.compose.configs"],
    ["a name of JavaScript's own", JSON.parse('{"services": {"app": {"constructor": 1}}}'), "overlays.0.compose.services.app.constructor"],
  ])("%s", (_, compose, key) => {
    for (const scope of ["head", "both"]) {
      expect(() => parse(changing(compose, scope))).toThrow(UsageError);
      expect(() => parse(changing(compose, scope))).toThrow(`${place}: ${key}: an overlay with scope ${scope} may not change what is tested of head; of head it may change environment, `);
    }
    expect(parse(changing(compose, "base")).overlays).toHaveLength(1);
  });

  test("nor one of a variant", () => {
    expect(() => parse({ variants: { pg: changing({ services: { app: { image: "x" } } }) } })).toThrow("variants.pg.overlays.0.compose.services.app.image");
  });

  test("where and how a service runs may differ", () => {
    const service = { environment: ["A=1"], deploy: { resources: { limits: { memory: "1G" } }, placement: {} }, healthcheck: { start_period: "5m" }, ports: [], extra_hosts: [] };
    expect(parse(changing({ services: { app: service } })).overlays).toMatchObject([{ at: "overlays.0", scope: "head", reason: "the host is small" }]);
  });

  test.each([{}, { services: {} }, { services: { app: {} } }, { volumes: {} }])("one that changes nothing is a mistake: %j", (compose) => {
    expect(() => parse(changing(compose, "base"))).toThrow("overlays.0.compose changes nothing");
  });
  test.each(["2026-02-30", "31.12.2026", "soon", 20261231])("a day that is none: %j", (expires) => {
    expect(() => parse({ overlays: [{ ...changing({ services: { app: { image: "x" } } }, "base").overlays[0], expires }] })).toThrow("give the last day on which it is applied, like 2026-12-31");
  });
});

describe("settings and the recipe they are for", () => {
  const composition: Composition = { names: ["app", "db"], dependencies: {}, restartDelaysMs: [5_000], routed: true };
  const fit = (value: RecipeSettings | object, changes: Partial<Composition> = {}, now = "2026-12-31T23:59:59Z") => checkFit(parse(value), { ...composition, ...changes }, defaultLimits, new Date(now));
  const small = changing({ services: { app: { environment: { A: "1" } } } });

  test("an overlay is applied on its last day, UTC", () => expect(fit(small)).toEqual([]));
  test("and refused after it: somebody has to look whether it is still needed", () => {
    expect(() => fit(small, {}, "2027-01-01T00:00:00Z")).toThrow(UsageError);
    expect(() => fit(small, {}, "2027-01-01T00:00:00Z")).toThrow(`${place}: overlays.0 expired on 2026-12-31 (the host is small); see whether it is still needed: take it out, or give a later day`);
  });
  test("one of a variant that is not built may be expired", () => expect(fit({ variants: { pg: small } }, {}, "2027-01-01T00:00:00Z")).toEqual([]));
  test("incident 15: none adds a service to head", () => {
    expect(() => fit(changing({ services: { ap: { environment: {} } } }))).toThrow('overlays.0.compose.services: head has no service "ap", did you mean "app"?, and an overlay may not add one to it; the recipe\'s services are app, db');
    expect(fit(changing({ services: { mirror: { image: "x" } } }, "base"))).toEqual([]);
  });

  test.each<[string, object, Partial<Composition>, string]>([
    ["a probe of a service that is not there", { probes: { x: { ...tcp, service: "dbs" } } }, {}, 'probes.x.service: no service "dbs", did you mean "db"?; the recipe\'s services are app, db'],
    ["a page where no visitor can come", { probes: { x: { kind: "http", path: "/" } } }, { routed: false }, "probes.x asks for a page, and no service of the recipe has the label traefik.enable=true; use a probe of kind tcp or command"],
    ["health where no visitor can come", { health: { text: "ok" } }, { routed: false }, "health asks for a page"],
  ])("%s", (_, value, changes, says) => {
    expect(() => fit(value, changes)).toThrow(UsageError);
    expect(() => fit(value, changes)).toThrow(`${place}: ${says}`);
  });
  test("a port needs no visitor", () => expect(fit({ probes: { x: tcp } }, { routed: false })).toEqual([]));
});

describe("variants", () => {
  const settings = parse({
    env: { deploy: { A: "all", B: "all" }, upgrade: { C: "all" } },
    ...changing({ services: { app: { environment: {} } } }),
    skip: { backup: "too large" },
    variants: { postgres: { env: { deploy: { B: "pg" } }, skip: { upgrade: "it is new" }, ...changing({ services: { db: { environment: {} } } }) }, plain: {} },
  });

  test("none is the recipe as it is", () => expect(chosenVariant(settings, null)).toBe(settings));
  test("one comes on top of what is said for all", () => {
    const chosen = chosenVariant(settings, "postgres");
    expect(chosen.env).toEqual({ deploy: { A: "all", B: "pg" }, upgrade: { C: "all" } });
    expect(chosen.skip).toEqual({ backup: "too large", upgrade: "it is new" });
    expect(chosen.overlays.map(({ at }) => at)).toEqual(["overlays.0", "variants.postgres.overlays.0"]);
  });
  test("one that says nothing is the recipe as it is", () => expect(chosenVariant(settings, "plain")).toEqual(settings));
  test.each([
    ["postgre", `names no such variant, did you mean "postgres"?; the variants are postgres, plain`],
    ["constructor", "names no such variant; the variants are postgres, plain"],
  ])("%s is refused", (variant, says) => {
    expect(() => chosenVariant(settings, variant)).toThrow(UsageError);
    expect(() => chosenVariant(settings, variant)).toThrow(`--variant ${variant}: ${place} ${says}`);
  });
  test("without any it says where to add it", () => expect(() => chosenVariant(parse({}), "x")).toThrow(`--variant x: ${place} names no such variant; add it there under variants`));
});

describe("what a side of the build gets", () => {
  const { overlays } = parse({
    overlays: [
      { ...changing({ services: { app: { environment: { A: "1" } }, queue: { environment: {} } } }, "both").overlays[0] },
      { ...changing({ services: { app: { image: "mirror/app:1" } }, volumes: { old: {} } }, "base").overlays[0], reason: "its image is gone" },
      { ...changing({ services: { extra: { image: "x" } } }, "base").overlays[0] },
    ],
  });
  const got = (side: "head" | "base", services: string[]) => overlaysOf(overlays, side, services).map(({ overlay, content }) => [overlay.at, Object.keys(content.services ?? {})]);

  test("head: never what is for base", () => expect(got("head", ["app", "queue"])).toEqual([["overlays.0", ["app", "queue"]]]));
  test("base: a service that it does not have yet is left out, one that brings an image is added", () => {
    expect(got("base", ["app"])).toEqual([["overlays.0", ["app"]], ["overlays.1", ["app"]], ["overlays.2", ["extra"]]]);
  });
  test("an overlay with nothing left is none", () => expect(got("head", ["db"])).toEqual([]));
  test("the results say what was changed, why, and until when", () => {
    expect(overlaysOf(overlays, "base", ["app"]).map(({ overlay, content }) => overlayInWords(overlay, place, content))).toEqual([
      `overlays.0 of ${place}, until 2026-12-31 (the host is small): app.{environment}`,
      `overlays.1 of ${place}, until 2026-12-31 (its image is gone): app.{image}, volumes`,
      `overlays.2 of ${place}, until 2026-12-31 (the host is small): extra.{image}`,
    ]);
  });

  test("probes of a service that another version has are left out, and nobody waits for them", () => {
    const { probes } = parse({ probes: { queue: { ...tcp, service: "queue" }, app: { ...tcp, after: ["queue", "page"] }, page: { kind: "http", path: "/x" } } });
    expect(probesFor(probes, ["app"]).map(({ name, after }) => [name, after])).toEqual([["app", ["page"]], ["page", []]]);
  });
});
