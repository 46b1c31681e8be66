import type { Results, Rung, Status, TierName, Verdict } from "../../../reports/results.ts";

/** What a version of the recipe has other than the plain one. */
export interface Edit {
  /** Merged into compose.yml: mappings by key, lists and values replace, null takes out. `deploy.labels` is a mapping here. */
  readonly compose?: Readonly<Record<string, unknown>>;
  /** Whole files by path; null takes one out. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Lines for .env.sample. */
  readonly sample?: string;
}

/** A recipe that is broken in one way, or odd and fine, and what a build must say of it. */
export interface Canary {
  readonly name: string;
  /** A false verdict elsewhere that it stands for, by its number. */
  readonly incident?: number;
  /** What is the matter with it, as the table shows it. */
  readonly about: string;
  /** A real application: its fixture in test/recipes, as it stands, in place of an edit of the plain recipe. */
  readonly fixture?: true;
  /** What `run` is told besides. */
  readonly flags?: readonly string[];
  /** Recipes in folders beside it, by name. */
  readonly beside?: Readonly<Record<string, Edit>>;
  /** Versions before base, oldest first; left out: there are none. */
  readonly older?: readonly Edit[];
  /** The version before head; left out: there is none. */
  readonly base?: Edit;
  /** Left out: the plain recipe with another page. */
  readonly head?: Edit;
  readonly expect: Expected;
}

export interface Expected {
  readonly verdict: Verdict;
  /** Null: no reason at all. */
  readonly class: string | null;
  /** Several: one of them, where it is Swarm that chooses which. */
  readonly service: string | readonly string[] | null;
  /** In the reason's summary or evidence. */
  readonly words?: RegExp;
  readonly tiers?: Partial<Record<TierName, Status>>;
  readonly lint?: Rung;
  /** In a warning. */
  readonly warning?: RegExp;
  /** In a note of a tier. */
  readonly note?: RegExp;
  /** Names of tests that passed, among others. */
  readonly tests?: readonly string[];
}

/** Name of its test. */
export function title({ name, about, incident }: Canary): string {
  return `${incident === undefined ? "" : `incident ${incident}: `}${name}: ${about}`;
}

/** What is not as expected; empty where all is. */
export function differences(expected: Expected, results: Results): string[] {
  const { verdict, reason, rungs, tiers, warnings, teardown } = results;
  const found: string[] = [];
  const same = (what: string, is: unknown, should: unknown) => {
    if (is !== should) found.push(`${what} is ${String(is)}, not ${String(should)}`);
  };
  same("verdict", verdict, expected.verdict);
  same("class", reason?.class ?? null, expected.class);
  const service = reason?.service ?? null;
  const services = [expected.service].flat();
  if (!services.includes(service)) found.push(`service is ${String(service)}, not ${services.map(String).join(" or ")}`);
  same("teardown", teardown.status, "clean");
  for (const [name, status] of Object.entries(expected.tiers ?? {})) same(`tier ${name}`, tiers.find((tier) => tier.name === name)?.status ?? "not run", status);
  if (expected.lint) same("lint", rungs.lint, expected.lint);
  const said = [reason?.summary ?? "", ...(reason?.evidence ?? [])];
  if (expected.words && !said.some((line) => expected.words?.test(line))) found.push(`${expected.words} is not in: ${said.join(" | ")}`);
  if (expected.warning && !warnings.some((line) => expected.warning?.test(line))) found.push(`${expected.warning} is in no warning: ${warnings.join(" | ")}`);
  const notes = tiers.flatMap((tier) => tier.notes ?? []);
  if (expected.note && !notes.some((line) => expected.note?.test(line))) found.push(`${expected.note} is in no note: ${notes.join(" | ")}`);
  const good = new Set(tiers.flatMap((tier) => tier.tests.flatMap(({ name, status }) => (status === "passed" ? [name] : []))));
  for (const name of expected.tests ?? []) if (!good.has(name)) found.push(`${name} is none of the tests that passed`);
  return found;
}

/** Short for what most expect. */
export const passed = (more: Partial<Expected> = {}): Expected => ({ verdict: "passed", class: null, service: null, ...more });
export const failed = (cls: string, service: Expected["service"], more: Partial<Expected> = {}): Expected => ({ verdict: "failed", class: cls, service, ...more });
export const unverified = (cls: string, service: string | null, more: Partial<Expected> = {}): Expected => ({ verdict: "unverified", class: cls, service, ...more });
