import { FindingError } from "../../base/errors.ts";
import type { TestResult, TierResult } from "../../../reports/results.ts";
import type { HookStep } from "../../../tiers/context.ts";
import { doubt } from "../tier/doubt.ts";
import { skipDeclared } from "../tier/declaredSkips.ts";
import type { Scenario, Stage } from "../extra/scenario.ts";
import { scenarios } from "../extra/scenarios.ts";
import { runHook } from "../tier/hooks.ts";
import { wired } from "../needs/wire.ts";
import { joined } from "../tier/joined.ts";
import type { Site } from "../site.ts";
import { untilBroken } from "../app/standing.ts";
import { subject } from "../app/subject.ts";
import { extraFiles, runTests } from "../tier/tiers.ts";
import type { BackedUp } from "../backup/backedUp.ts";
import type { Plan } from "../plan.ts";

/**
 * The opt-in heavy suite on the live app: the recipe's own extra tests first, then each generic scenario. A failure in it makes the
 * verdict failed and leaves the level.
 */
export async function extra(site: Site, plan: Plan, backedUp: BackedUp | null): Promise<void> {
  const { build } = site;
  if (!build.request.tiers.includes("extra") || skipDeclared(build, "extra")) return;
  const app = subject(plan);
  if (!app) {
    build.findings.tiers.push({ name: "extra", status: "unverified", reason: "extra: no app of the commit under test is up", tests: [] });
    return;
  }
  const suite = new Suite(site);
  await suite.ofRecipe(app, plan);
  if (app.givenUp) return;
  const common = { site, swarm: await site.swarm(), plan, app, backedUp };
  for (const scenario of scenarios) await suite.of(scenario, common);
  if (build.tests.odd.length > 0) doubt(build, "extra", `${build.tests.place} holds ${build.tests.odd.join(", ")}, which nobody runs: tests are called *.test.ts`);
}

/** One tier of many parts. */
class Suite {
  readonly #site: Site;
  /** Parts that the recipe or this Swarm has no place for. */
  readonly #without: string[] = [];
  readonly #notes: string[] = [];
  #part: TierResult | null = null;

  constructor(site: Site) {
    this.#site = site;
  }

  /** Tests below a folder extra/, and those of the others that carry the tag. */
  async ofRecipe(app: Stage["app"], plan: Plan): Promise<void> {
    const { tests } = this.#site.build;
    const files = [...tests.extra, ...tests.custom];
    if (files.length === 0) return;
    this.#site.startBrowser();
    const { not, step } = await wired(this.#site, plan, app, "extra");
    // Where the custom tier came first, the step is a test of that.
    const steps = step?.name === "extra" ? step.tests : [];
    if (not !== null) return this.#add({ name: "extra", status: "unverified", reason: `extra: ${not}`, tests: steps });
    if (step?.name === "extra") this.#add(step);
    await this.#site.browserTried();
    const result = await runTests(this.#site, app, { tier: "extra", span: "the recipe's own", files, byTag: tests.custom, expect: { tier: "extra", scenario: null } });
    if (result.status !== "skipped") this.#add(result);
    untilBroken(this.#site).throwIfAborted();
  }

  async of(scenario: Scenario, common: Pick<Stage, "site" | "swarm" | "plan" | "app" | "backedUp">): Promise<void> {
    const { build } = this.#site;
    const { name } = scenario;
    const declared = build.settings.skip[name];
    const lacks = common.app.givenUp ? "the app did not come through the scenario before" : scenario.whyNot(common);
    const not = declared === undefined ? lacks : `${declared} (skip.${name} in ${build.settings.place})`;
    if (not !== null) {
      this.#without.push(`${name} (${not})`);
      return this.#tell();
    }
    try {
      await build.span(name, () => scenario.run({
        ...common,
        test: (app, expect, of) => this.#test(app, expect, of === undefined ? name : `${name} ${of}`),
        hook: (app, step) => this.#hook(app, step, name),
        note: (line) => this.#note(`${name}: ${line}`),
        say: (what, status, why) => this.#say({ name: `${name}: ${what}`, status, durationMs: 0, error: why }),
      }));
    } catch (error) {
      // It ends the build by its own words; the tier says in which scenario.
      if (error instanceof FindingError) this.#say({ name: `${name}: the app bears it`, status: error.blame === "recipe" ? "failed" : "skipped", durationMs: 0, error: error.message });
      throw error;
    }
  }

  async #hook(app: Stage["app"], step: HookStep, title: string): Promise<TierResult | null> {
    const result = await runHook(this.#site, app, "extra", step);
    if (result) this.#add(proven(titled(result, title)));
    return result;
  }

  async #test(app: Stage["app"], expect: Parameters<Stage["test"]>[1], title: string): Promise<void> {
    const result = await runTests(this.#site, app, { tier: "extra", span: `${title} tests`, files: await extraFiles(expect.scenario), expect });
    const broken = untilBroken(this.#site);
    // Tests that a break cut short say less than the break, and a scenario may go on after one.
    if (!broken.aborted || this.#site.build.signal.aborted) this.#add(proven(titled(result, title)));
    broken.throwIfAborted();
  }

  #say(test: TestResult): void {
    this.#add({ name: "extra", status: test.status === "failed" ? "failed" : "unverified", reason: `extra, ${test.name}: ${test.error ?? test.status}`, tests: [test] });
  }

  #note(line: string): void {
    this.#site.build.note(line);
    this.#notes.push(line);
    this.#tell();
  }

  #add(part: TierResult): void {
    for (const { name, status } of part.tests) this.#site.build.emit({ type: "test", tier: "extra", name, status });
    this.#part = this.#part ? joined(this.#part, part) : part;
    this.#tell();
  }

  /** One result for the tier, there from the first part on: what ends the build leaves the parts before it told. */
  #tell(): void {
    const { findings } = this.#site.build;
    const so = this.#part ?? { name: "extra", status: "skipped", reason: null, tests: [] };
    const without = this.#without.length > 0 ? `without ${this.#without.join(", ")}` : null;
    const notes = [...this.#notes, ...(so.reason !== null && without !== null ? [without] : [])];
    const others = findings.tiers.filter(({ name }) => name !== "extra");
    findings.tiers.splice(0, findings.tiers.length, ...others, { ...so, reason: so.reason ?? without, ...(notes.length > 0 ? { notes } : {}) });
  }
}

/** What was to be run for a scenario and was not proves nothing. */
function proven(result: TierResult): TierResult {
  return result.status === "skipped" ? { ...result, status: "unverified" } : result;
}

/** With the scenario's name before those of its tests. */
function titled(result: TierResult, title: string): TierResult {
  return {
    ...result,
    reason: result.reason?.replace(/^extra: /, `extra, ${title}: `) ?? null,
    tests: result.tests.map((test) => ({ ...test, name: `${title}: ${test.name}` })),
  };
}
