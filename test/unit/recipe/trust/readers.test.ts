import { describe, expect, it } from "vitest";
import { judged, service } from "./judged.ts";

/** Compose files in which Docker finds a bind mount of the node's root (tried with docker 28.2.2), and another parser none. */
const bind = "{type: bind, source: /, target: /host}";

describe("YAML that Docker reads otherwise is refused", () => {
  it.each([
    ["a line separator ends a comment", "init: true # x\u2028    volumes: ['/:/host']", "yaml-line-break"],
    ["a paragraph separator does", "init: true # x\u2029    volumes: ['/:/host']", "yaml-line-break"],
    ["a next line does", "init: true # x\u0085    volumes: ['/:/host']", "yaml-line-break"],
    ["a carriage return alone does", "init: true # x\r    volumes: ['/:/host']", "yaml-line-break"],
    ["a question mark begins a key in braces", "volumes: [{target: /t, ?type: bind, ?source: /, <<: {type: volume, source: data}}]", "yaml-question-mark"],
    ["and in brackets", "volumes: [?type: bind]", "yaml-question-mark"],
    ["a key is an alias", "x-key: &key volumes\n*key : ['/:/host']\nvolumes: ['data:/data']", "yaml-alias-key"],
    ["a merge stands behind what it says too", "volumes: ['data:/data']\n<<: {volumes: ['/:/host']}", "yaml-merge"],
    ["so does one by an alias", "x-y: &y {volumes: ['/:/host']}\nvolumes: ['data:/data']\n<<: *y", "yaml-merge"],
    ["or one of several", "x-y: &y {volumes: ['/:/host']}\nvolumes: ['data:/data']\n<<: [{init: true}, *y]", "yaml-merge"],
    ["or one that merges itself", "volumes: ['data:/data']\n<<: {<<: {volumes: ['/:/host']}}", "yaml-merge"],
    ["or one of more keys than anybody looks through", `init: true\n<<: {${Array.from({ length: 201 }, (_, index) => `x-${index}: 1`).join(", ")}}`, "yaml-merge"],
    ["or one of more mappings", `init: true\n<<: [${"{x-a: 1}, ".repeat(200)}]`, "yaml-merge"],
    ["there are two merges", "<<: {volumes: ['data:/data']}\n<<: {volumes: ['/:/host']}", "yaml-merge"],
  ])("where %s", (_, lines, rule) => {
    expect(service(lines).map((found) => found.split(" ").at(-1))).toContain(rule);
  });

  it.each([
    ["double", `volumes:\n- <<: ${bind}\n  consistency: "a \\"\n  type: volume\n  source: data # "`],
    ["single", `volumes:\n- <<: ${bind}\n  consistency: 'a ''\n  type: volume\n  source: data # '`],
  ])("where an escaped %s quote stands before a line that is too far left", (_, lines) => {
    expect(service(lines)).toEqual(["the file unreadable"]);
  });

  it.each(["---\n---\nservices: {}", "services: {}\n---\nservices: {}", "services: {}\n...\n# end\n---\n"])("where there is a second document: %j", (text) => {
    expect(judged(`${text}\n`).map(({ rule }) => rule)).toContain("yaml-documents");
  });

  it("where a number begins with a zero: it counts by eights there", () => {
    expect(service("ports: [{target: 80, published: 04507}]")).toEqual(["services.app.ports port"]);
    expect(service("ports: [{target: 80, published: 4507}]")).toEqual([]);
    expect(service("environment: {UMASK: 022}")).toEqual([]);
  });
});

it.each(["\u017f", "\u212a", "\u00e9"])("a name that goes on with %s, which Docker takes for a letter, leads nowhere else", (letter) => {
  expect(service(`env_file: '$A${letter}../../etc/environment'`)).toEqual(["services.app.env_file path-outside"]);
  expect(service(`labels: {a: '$A${letter}'}`)).toEqual([]);
});

it.each(["---\nservices: {}\n", "# x\n---\nservices: {}\n...\n", "\uFEFFservices: {}\n"])("one document is read alike, with its marks or without: %j", (text) => {
  expect(judged(text)).toEqual([]);
});

it.each([
  ["Windows' line ends", "init: true\r\ntty: true\r"],
  ["a merge before what it says too", "<<: {init: false}\ninit: true"],
  ["a merge of what nothing before it says", "x-y: &y {init: false}\ntty: true\n<<: *y\ninit: true"],
  ["quotes in quotes, on several lines", "labels:\n  a: \"x \\\"y\\\"\n    z\"\n  b: 'it''s\n    ''x'''"],
  ["a question mark in a value", "command: [\"?x\", a?b]"],
])("%s: read alike", (_, lines) => {
  expect(service(lines)).toEqual([]);
});
