import type { Map_ } from "../composeParts.ts";
import type { ComposeApp } from "../types.ts";

/** One compose file, in two readings. */
export interface LintFile {
  readonly name: string;
  /** As its author wrote it, variables and all. */
  readonly written: Map_;
  /** With the variables of a new app. */
  readonly content: Map_;
}

/** A config that is made of a file of the recipe. */
export interface ConfigFile {
  readonly key: string;
  /** As it will stand in Swarm, version and all. */
  readonly name: string;
  readonly file: string;
  /** Null where the recipe has no such file. */
  readonly content: string | null;
}

/** A recipe at one commit, as far as static checks look. Plain data. */
export interface LintRecipe {
  readonly app: ComposeApp;
  readonly stack: string;
  /** Those that a new app is made of, in order of merging. */
  readonly files: readonly LintFile[];
  /** Every compose file of the recipe, also those that a new app leaves out. */
  readonly allCompose: string;
  /** .env.sample */
  readonly sample: string;
  readonly configs: readonly ConfigFile[];
  /** Release notes by file name under release/. */
  readonly notes: Readonly<Record<string, string>>;
}

export interface Said {
  readonly value: unknown;
  readonly file: string;
}

/** What the files say at a path; the last one to say anything wins, as in merging. */
export function saidAt({ files }: Pick<LintRecipe, "files">, path: readonly string[], reading: "written" | "content" = "content"): Said | null {
  for (const file of files.toReversed()) {
    const value = path.reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), file[reading]);
    if (value !== undefined && value !== null) return { value, file: file.name };
  }
  return null;
}

/** The file to open for something of a service: where it is said, or the last one that defines the service. */
export function fileOf(recipe: Pick<LintRecipe, "files">, service: string, ...path: readonly string[]): string {
  return (saidAt(recipe, ["services", service, ...path]) ?? saidAt(recipe, ["services", service]))?.file ?? "compose.yml";
}

export function isMap(value: unknown): value is Map_ {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
