import { resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import type { BuildRequest } from "../build/request.ts";
import { ownEnv } from "../config/recipe.ts";
import { nearest } from "../base/nearest.ts";
import { trustFor } from "./trust.ts";
import { tierNameSchema, type TierName } from "../../reports/results.ts";

/** What commander hands over for `run` and `demo`: strings as typed, absent where not given. */
export interface RunFlags {
  readonly ref?: string;
  readonly base?: string;
  readonly pr?: string;
  readonly variant?: string;
  readonly env?: readonly string[];
  readonly config?: string;
  readonly extra?: boolean;
  readonly quick?: boolean;
  readonly stages?: string;
  readonly swarm?: string;
  readonly trust?: string;
  readonly lane?: string;
  readonly out?: string;
  readonly keep?: string | boolean;
  readonly abra?: string;
  readonly hostImages?: boolean;
  readonly hostConfig?: string;
  readonly install?: boolean;
  readonly deadline?: string;
  readonly on?: string;
  readonly json?: boolean;
}

/** The environment names that a pipeline may set instead of flags; flags win. */
export interface PipelineEnv {
  readonly RECIPE?: string | undefined;
  readonly REF?: string | undefined;
  readonly PR?: string | undefined;
  readonly SRC?: string | undefined;
  readonly STAGES?: string | undefined;
  readonly EXTRA_TESTS?: string | undefined;
  readonly RECIPE_CI_ABRA?: string | undefined;
  readonly CI?: string | undefined;
}

/** What a build runs where nobody says otherwise. */
export const defaultTiers: readonly TierName[] = ["install", "upgrade", "backup", "restore", "custom"];

/** Flags in the command line's design that do not work yet, each with what it will do. */
const notYet: readonly (readonly [keyof RunFlags, string])[] = [
  ["lane", "lanes with capacity of their own"],
];

/**
 * Flags and environment to a request. Pure but for resolving paths against the working directory.
 * @throws UsageError naming the flag and what it may be
 */
export function buildRequest(source: string | undefined, flags: RunFlags, env: PipelineEnv): BuildRequest {
  refuseNotYet(flags);
  const wanted = source ?? nonEmpty(env.RECIPE);
  if (!wanted) throw new UsageError("recipe", "which recipe to test is missing", "name a recipe, a path or a git URL: recipe-ci run wordpress");
  const chosen = flags.stages === undefined ? stages("STAGES", nonEmpty(env.STAGES)) : stages("--stages", flags.stages);
  const tiers = wantsExtra(flags, env) ? inOrder([...chosen, "extra"]) : chosen;
  if (flags.quick && flags.stages !== undefined && tiers.includes("install")) {
    throw new UsageError("--quick and --stages install", "contradict each other: --quick leaves the fresh install out", "give one of them");
  }
  const version = revision(flags, env);
  return {
    source: wanted,
    sourceBase: nonEmpty(env.SRC) ?? null,
    ...version,
    trust: trustFor(flags, { ...version, isPull: nonEmpty(env.PR) !== undefined }),
    base: flags.base ?? null,
    variant: flags.variant ?? null,
    env: Object.fromEntries((flags.env ?? []).map(pair)),
    tiers,
    quick: flags.quick ?? false,
    settings: null,
    config: flags.config === undefined ? null : resolve(flags.config),
    swarm: swarm(flags.swarm),
    out: resolve(flags.out ?? "out"),
    keepMs: keep(flags.keep),
    abra: flags.abra ?? nonEmpty(env.RECIPE_CI_ABRA) ?? null,
    standIn: false,
    install: flags.install ?? false,
    hostImages: flags.hostImages ?? false,
    hostConfig: flags.hostConfig ?? null,
    trigger: env.CI ? "ci" : "manual",
    deadlineMs: duration("--deadline", flags.deadline ?? "60m"),
  };
}

/** A flag wins over the environment, whichever of the two it names; of the environment's, the pull request wins. */
function revision(flags: RunFlags, env: PipelineEnv): Pick<BuildRequest, "ref" | "pr"> {
  if (flags.ref !== undefined && flags.pr !== undefined) throw new UsageError("--ref and --pr", "contradict each other", "give one of them");
  if (flags.ref !== undefined) return { ref: flags.ref, pr: null };
  if (flags.pr !== undefined) return { ref: null, pr: pullRequest("--pr", flags.pr) };
  const [pr, ref] = [nonEmpty(env.PR), nonEmpty(env.REF)];
  return pr === undefined ? { ref: ref ?? null, pr: null } : { ref: null, pr: pullRequest("PR", pr) };
}

function refuseNotYet(flags: RunFlags): void {
  for (const [flag, what] of notYet) {
    if (flags[flag] !== undefined) throw notYetError(`--${flag}`, what);
  }
}

function notYetError(where: string, what: string): UsageError {
  return new UsageError(where, `not yet: ${what} does not exist in this version`, "leave it out");
}

/** @throws UsageError where EXTRA_TESTS says neither yes nor no */
function wantsExtra(flags: RunFlags, env: PipelineEnv): boolean {
  if (flags.extra !== undefined) return flags.extra;
  const said = nonEmpty(env.EXTRA_TESTS)?.toLowerCase() ?? "0";
  if (!["0", "1", "false", "true"].includes(said)) throw new UsageError("EXTRA_TESTS", `unknown value "${env.EXTRA_TESTS}"`, "set it to 1, or to 0");
  return said === "1" || said === "true";
}

function inOrder(names: readonly string[]): readonly TierName[] {
  return tierNameSchema.options.filter((tier) => names.includes(tier));
}

/** `extra` alone is added to what runs anyway: it tests the app that the other tiers have brought there. */
function stages(where: string, given: string | undefined): readonly TierName[] {
  if (given === undefined) return defaultTiers;
  const names = given.split(",").map((name) => name.trim()).filter(Boolean);
  if (names.length === 0) throw new UsageError(where, "names no stage", `give some of ${tierNameSchema.options.join(", ")}`);
  for (const name of names) {
    if (!tierNameSchema.safeParse(name).success) {
      const near = nearest(name, tierNameSchema.options);
      throw new UsageError(where, `unknown stage "${name}"${near ? `, did you mean "${near}"?` : ""}`, `the stages are ${tierNameSchema.options.join(", ")}`);
    }
  }
  return inOrder(names.every((name) => name === "extra") ? [...defaultTiers, "extra"] : names);
}

function swarm(given: string | undefined): BuildRequest["swarm"] {
  if (given === undefined || given === "ephemeral") return "ephemeral";
  if (given === "local") return "local";
  if (given.startsWith("ssh://")) throw notYetError(`--swarm ${given}`, "a Swarm on another server");
  throw new UsageError("--swarm", `unknown value "${given}"`, "give ephemeral or local");
}

function keep(given: string | boolean | undefined): number | null {
  if (given === undefined || given === false) return null;
  return given === true ? 2 * 3_600_000 : duration("--keep", given);
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Well below what a timer can be set to. */
const longestMs = 168 * 3_600_000;

/** `90s`, `45m`, `2h` in milliseconds. @throws UsageError naming the flag */
export function duration(flag: string, text: string): number {
  const match = /^(\d+)([smh])$/.exec(text);
  const value = match ? Number(match[1]) * (unitMs[match[2] ?? ""] ?? 0) : 0;
  if (value <= 0) throw new UsageError(flag, `"${text}" is no duration`, "write it like 90s, 45m or 2h");
  if (value > longestMs) throw new UsageError(flag, `${text} is too long`, "give a week (168h) at most");
  return value;
}

function pullRequest(where: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(where, `"${text}" is no pull request number`, "write it like --pr 12");
  return Number(text);
}

function pair(text: string): [string, string] {
  const at = text.indexOf("=");
  const name = text.slice(0, Math.max(at, 0));
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new UsageError("--env", `"${text}" is not K=V`, "write it like --env ENABLE_SIGNUP=true");
  if (ownEnv.includes(name)) throw new UsageError(`--env ${name}`, "is set by the build itself", "leave it out");
  return [name, text.slice(at + 1)];
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
