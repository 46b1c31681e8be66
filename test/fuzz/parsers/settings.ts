import assert from "node:assert/strict";
import { type Arbitrary, array, constantFrom, dictionary, integer, jsonValue, oneof, option, record, string } from "fast-check";
import { checkFit } from "../../../harness/config/fit.ts";
import { parseHostConfig } from "../../../harness/config/host.ts";
import { parseSettings, parseSettingsJson, type Settings } from "../../../harness/config/recipe.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { cases, much, orRefused, type Parser } from "../parser.ts";
import { names, pieced, tricks } from "../texts.ts";

const odd: Arbitrary<unknown> = oneof(jsonValue({ maxDepth: 2 }), constantFrom(...tricks));
const likely = (wanted: Arbitrary<unknown>) => oneof({ weight: 12, arbitrary: wanted }, { weight: 1, arbitrary: odd });
const maybe = (wanted: Arbitrary<unknown>) => option(likely(wanted), { nil: undefined, freq: 2 });
const services = oneof(constantFrom("app", "db"), constantFrom(...tricks));
const texts = dictionary(oneof(constantFrom("A", "DOMAIN"), names), likely(string()), { maxKeys: 3 });
const env = record({ deploy: maybe(texts), upgrade: maybe(texts) });
const overlays = array(likely(record({ scope: likely(constantFrom("base", "head", "both")), reason: likely(constantFrom("because")), expires: likely(constantFrom("2030-01-01", "2020-01-01")), compose: likely(record({ services: maybe(dictionary(services, likely(dictionary(oneof(constantFrom("environment", "deploy", "image"), names), odd, { maxKeys: 2 })), { maxKeys: 2 })), volumes: maybe(dictionary(names, odd, { maxKeys: 1 })) })) })), { maxLength: 2 });
const probes = dictionary(names, likely(oneof(
  record({ kind: constantFrom("http"), path: likely(constantFrom("/", "/x")), after: maybe(array(names, { maxLength: 2 })) }),
  record({ kind: constantFrom("tcp"), service: likely(services), port: likely(integer({ min: 1, max: 70_000 })) }),
  record({ kind: constantFrom("command", ...tricks), service: likely(services), command: likely(array(string(), { maxLength: 2 })) }),
)), { maxKeys: 3 });
const settingsObject = oneof({ weight: 9, arbitrary: record({
  health: maybe(record({ path: maybe(constantFrom("/")), codes: maybe(array(integer({ min: 199, max: 501 }), { maxLength: 2 })) })), probes: maybe(probes),
  timeouts: maybe(record({ deploy: maybe(integer({ min: 5, max: 50 })) })), restarts: maybe(record({ failures: maybe(integer({ min: 0, max: 41 })), withinSeconds: maybe(integer({ min: 0, max: 3601 })) })),
  dependencies: maybe(dictionary(services, likely(record({ add: maybe(array(services, { maxLength: 2 })), remove: maybe(array(services, { maxLength: 2 })) })), { maxKeys: 2 })),
  env: maybe(env), overlays: maybe(overlays), skip: maybe(texts), variants: maybe(dictionary(names, likely(record({ env: maybe(env), overlays: maybe(overlays), skip: maybe(texts) })), { maxKeys: 2 })),
}, { requiredKeys: [] }) }, { weight: 1, arbitrary: dictionary(names, odd, { maxKeys: 3 }) }, { weight: 1, arbitrary: odd });
const json = oneof({ weight: 8, arbitrary: settingsObject.map((value) => JSON.stringify(value) ?? "") }, { weight: 1, arbitrary: pieced(["{", "}", '"restarts"', ":", ",", "[", "]", "1e999", '"__proto__"', "null"], 12) });

const composition = { names: ["app", "db"], dependencies: { app: ["db"], db: [] }, restartDelaysMs: [5_000], routed: true };

/** Own, and text where it must be text: nothing that came from a prototype. */
function sound(settings: Settings): void {
  for (const [name, value] of [...Object.entries(settings.env.deploy), ...Object.entries(settings.env.upgrade), ...Object.entries(settings.skip)]) {
    assert.equal(typeof value, "string", name);
  }
  for (const part of [settings.dependencies, settings.variants, settings.skip, settings.env.deploy]) assert.equal(Object.getPrototypeOf(part), Object.prototype);
}

export const settings: Parser = {
  name: "settings",
  cases: cases(oneof(json, constantFrom('{"__proto__":{"health":{"path":"/x"}}}', '{"restarts":{"__proto__":{"failures":1}}}', '{"constructor":1}')), (text) => {
    const read = orRefused(() => parseSettingsJson(text, "recipe.json"));
    if (!read) return;
    sound(read);
    assert.deepEqual(parseSettings(JSON.parse(text), "recipe.json"), read);
    orRefused(() => checkFit(read, composition, defaultLimits, new Date("2026-01-01")));
  }),
  long: {
    "a long key": () => void orRefused(() => parseSettingsJson(JSON.stringify({ [much("a", 1_000_000)]: 1 }), "recipe.json")),
    "many keys": () => void orRefused(() => parseSettingsJson(JSON.stringify({ env: { deploy: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`K${i}`, "x"])) } }), "recipe.json")),
    "many probes, each after another": () => void orRefused(() => parseSettingsJson(JSON.stringify({ probes: Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`p${i}`, { kind: "http", path: "/", after: i === 0 ? [] : [`p${i - 1}`] }])) }), "recipe.json")),
    "probes that wait for all before them": () => void orRefused(() => parseSettingsJson(JSON.stringify({ probes: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, { kind: "http", path: "/", after: Array.from({ length: i }, (_one, j) => `p${j}`) }])) }), "recipe.json")),
    "a service with a long name": () => void orRefused(() => checkFit(parseSettingsJson(JSON.stringify({ dependencies: { [much("a")]: {} } }), "recipe.json"), composition, defaultLimits, new Date("2026-01-01"))),
    "deep": () => void orRefused(() => parseSettingsJson(`{"health":${much('{"a":', 50_000)}`, "recipe.json")),
    "deep and whole": () => void orRefused(() => parseSettingsJson(`${much('{"a":', 25_000)}1${much("}", 5_000)}`, "recipe.json")),
  },
};

const host = oneof({ weight: 6, arbitrary: record({ baseDomain: maybe(constantFrom("ci.test", "Ci.Test", "__proto__")), edge: maybe(record({ address: maybe(string()), httpsPort: maybe(integer({ min: 0, max: 70_000 })), ca: maybe(string()) }, { requiredKeys: [] })), mirrors: maybe(dictionary(names, likely(constantFrom("https://mirror.test", "x")), { maxKeys: 2 })) }, { requiredKeys: [] }) }, { weight: 1, arbitrary: odd });

export const hostSettings: Parser = {
  name: "host settings",
  cases: cases(oneof(host.map((value) => JSON.stringify(value) ?? ""), constantFrom('{"__proto__":{"baseDomain":"x"}}')), (text) => {
    const read = orRefused(() => parseHostConfig(text, "host.json"));
    if (read) assert.ok(/^[a-z0-9.-]+$/.test(read.baseDomain) && Object.values(read.mirrors).every((url) => URL.canParse(url)));
  }),
  long: {
    "a long key": () => void orRefused(() => parseHostConfig(JSON.stringify({ [much("a", 1_000_000)]: 1 }), "host.json")),
    "a long domain": () => void orRefused(() => parseHostConfig(JSON.stringify({ baseDomain: `${much("a.", 1_000_000)}!` }), "host.json")),
  },
};
