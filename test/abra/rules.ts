/** The lint rules. Facts name their numbers, that there are 16, and what R014 is; the other texts and severities are [R]. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ComposeFile, asText, composeSecrets, deployLabels, merged } from "./compose.ts";
import type { Tree } from "./tree.ts";

export interface Rule {
  readonly ref: string;
  readonly text: string;
  readonly severity: "warn" | "error";
  readonly fix: string;
  /** null: not looked at. */
  readonly holds: (subject: Subject) => boolean | null;
}

export interface Subject {
  readonly tree: Tree;
  readonly files: readonly ComposeFile[];
}

const unstable = new Set(["latest", "master", "main", "edge", "nightly", "develop"]);

function services({ files }: Subject) {
  return Object.entries(merged(files, "services"));
}

function tags(subject: Subject): string[] {
  return services(subject).map(([, service]) => {
    const name = asText(service.image ?? "").replace(/@.*$/, "");
    return /:([^/:]+)$/.exec(name)?.[1] ?? "";
  });
}

function labels(subject: Subject): string[] {
  return services(subject).flatMap(([, service]) => Object.keys(deployLabels(service, { STACK_NAME: "stack" })));
}

const hasFile = (name: string) => ({ tree }: Subject) => existsSync(join(tree.dir, name));
const rule = (ref: string, severity: Rule["severity"], text: string, fix: string, holds: Rule["holds"]): Rule => ({ ref, severity, text, fix, holds });

export const rules: readonly Rule[] = [
  rule("R001", "warn", "compose config has expected version", "set version: \"3.8\"", ({ files }) => files.every(({ content }) => content.version === "3.8")),
  rule("R002", "warn", "health check for all services", "add health checks", (s) => services(s).every(([, service]) => "healthcheck" in service)),
  rule("R003", "error", "all images use a tag", "add a tag to each image", (s) => tags(s).every((tag) => tag !== "")),
  rule("R004", "error", "no unstable tags", "use stable tags", (s) => tags(s).every((tag) => !unstable.has(tag))),
  rule("R005", "warn", "tags look like versions", "use version tags", (s) => tags(s).every((tag) => /\d/.test(tag))),
  rule("R006", "warn", "has a catalogue version", "publish a version", () => null),
  rule("R007", "warn", "README.md is there", "write one", hasFile("README.md")),
  rule("R008", "error", ".env.sample provided", "create it", hasFile(".env.sample")),
  rule("R009", "error", "one service is named app", "name it so", (s) => services(s).some(([name]) => name === "app")),
  rule("R010", "warn", "Traefik routing enabled", "add traefik.enable=true", (s) => labels(s).includes("traefik.enable")),
  rule("R011", "error", "all services have images", "add images", (s) => services(s).every(([, service]) => typeof service.image === "string")),
  rule("R012", "warn", "config versions are in abra.sh", "export them there", hasConfigVersions),
  rule("R013", "warn", "has a published repository", "publish it", () => null),
  rule("R014", "error", "only annotated tags used for recipe version", "replace lightweight tags", ({ tree }) => tree.lightweightTags().length === 0),
  rule("R015", "warn", "short secret names", "12 characters at most", ({ files }) => composeSecrets(files, {}).every(({ key }) => key.length <= 12)),
  rule("R016", "warn", "version label on app", "run abra recipe sync", (s) => labels(s).includes("coop-cloud.stack.version")),
];

function hasConfigVersions({ tree, files }: Subject): boolean {
  return Object.keys(merged(files, "configs")).length === 0 || existsSync(join(tree.dir, "abra.sh"));
}

/** Refs of unsatisfied rules of severity error. */
export function brokenErrors(subject: Subject): string[] {
  return rules.filter((one) => one.severity === "error" && one.holds(subject) === false).map((one) => `${one.ref}: ${one.text}`);
}

export const yes = "✅";
export const no = "❌";

/** One row a rule: ref, rule, severity, satisfied, skipped, how to fix. */
export function rows(subject: Subject): string[][] {
  return rules.map((one) => {
    const holds = one.holds(subject);
    const satisfied = holds === null ? "-" : holds ? yes : no;
    return [one.ref, one.text, one.severity, satisfied, holds === null ? yes : "-", one.fix];
  });
}
