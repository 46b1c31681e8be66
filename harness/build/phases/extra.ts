import type { TestResult, TierResult } from "../../../reports/results.ts";
import { doubt } from "../doubt.ts";
import { skipDeclared } from "../declaredSkips.ts";
import type { Scenario, Stage } from "../extra/scenario.ts";
import { scenarios } from "../extra/scenarios.ts";
import { joined } from "../joined.ts";
import type { Site } from "../site.ts";
import { untilBroken } from "../standing.ts";
import { subject } from "../subject.ts";
import { extraFiles, runTests } from "../tiers.ts";
import type { BackedUp } from "./backup.ts";
import type { Plan } from "./prepare.ts";

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
  await suite.ofRecipe(app);
  const common = { site, swarm: await site.swarm(), plan, app, backedUp };
  for (const scenario of scenarios) await suite.of(scenario, common);
  if (build.tests.odd.length > 0) doubt(build, "extra", `${build.tests.place} holds ${build.tests.odd.join(", ")}, which nobody runs: tests are called *.test.ts`);
}

/** One tier of many parts. */
class Suite {
  readonly #site: Site;
  /** Parts that the recipe or this Swarm has no place for. */
  readonly #without: string[] = [];
  #part: TierResult | null = null;

  constructor(site: Site) {
    this.#site = site;
  }

  /** Tests below a folder extra/, and those of the others that carry the tag. */
  async ofRecipe(app: Stage["app"]): Promise<void> {
    const { tests } = this.#site.build;
    const files = [...tests.extra, ...tests.custom];
    if (files.length === 0) return;
    this.#site.startBrowser();
    await this.#site.browserTried();
    const result = await runTests(this.#site, app, { tier: "extra", span: "the recipe's own", files, expect: { tier: "extra", scenario: null } });
    if (result.status !== "skipped") this.#add(result);
    untilBroken(this.#site).throwIfAborted();
  }

  async of(scenario: Scenario, common: Omit<Stage, "test" | "say">): Promise<void> {
    const { build } = this.#site;
    const { name } = scenario;
    const declared = build.settings.skip[name];
    const not = declared === undefined ? scenario.whyNot(common) : `${declared} (skip.${name} in ${build.settings.place})`;
    if (not !== null) {
      this.#without.push(`${name} (${not})`);
      return this.#tell();
    }
    await build.span(name, () => scenario.run({
      ...common,
      test: (app, expect, of) => this.#test(app, expect, of === undefined ? name : `${name} ${of}`),
      say: (what, status, why) => this.#say({ name: `${name}: ${what}`, status, durationMs: 0, error: why }),
    }));
  }

  async #test(app: Stage["app"], expect: Parameters<Stage["test"]>[1], title: string): Promise<void> {
    const result = await runTests(this.#site, app, { tier: "extra", span: `${title} tests`, files: await extraFiles(expect.scenario), expect });
    this.#add({ ...result, reason: result.reason?.replace(/^extra: /, `extra, ${title}: `) ?? null, tests: result.tests.map((test) => ({ ...test, name: `${title}: ${test.name}` })) });
    untilBroken(this.#site).throwIfAborted();
  }

  #say(test: TestResult): void {
    this.#add({ name: "extra", status: test.status === "failed" ? "failed" : "unverified", reason: `extra, ${test.name}: ${test.error ?? test.status}`, tests: [test] });
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
    const others = findings.tiers.filter(({ name }) => name !== "extra");
    findings.tiers.splice(0, findings.tiers.length, ...others, { ...so, reason: so.reason ?? without });
  }
}
