import { join, posix } from "node:path";
import { FindingError, UsageError } from "../../base/errors.ts";
import { type Finding, findingLine, invalidCompose } from "../../recipe/lint/finding.ts";
import { staticFindings } from "../../recipe/lint/lint.ts";
import type { LintRecipe } from "../../recipe/lint/recipe.ts";
import { treeAt } from "../../recipe/tree.ts";
import type { Checkout } from "../../recipe/types.ts";
import type { Rung } from "../../../reports/results.ts";
import { abraIn } from "../app/app.ts";
import type { Tree } from "../app/appState.ts";
import { envFor } from "../app/envFor.ts";
import { anyDomain, anyStack, asSampled, lintable, sampled } from "../app/sampled.ts";
import { mustBeAllowed } from "../app/trust.ts";
import type { Site } from "../site.ts";
import type { Fetched } from "./fetch.ts";

/**
 * Static checks first: a compose file that no Swarm would take is red before anything is deployed. Then abra's own lint on a
 * pristine clone. Other findings are warnings and the lint rung, never the verdict.
 * @throws FindingError (recipe, invalid-compose)
 */
export async function lint(site: Site, { checkout, baseTree }: Fetched): Promise<void> {
  const base = await readBase(site, checkout, baseTree?.dir ?? null);
  const found = await lintStatic(site, checkout.dir, base);
  if (base && baseTree) await wantBase(site, baseTree);
  const broken = await abraLint(site, checkout);
  site.build.findings.lint = rungOf(found, broken);
}

/**
 * What can be said without a Swarm. Head's images begin to be pulled here, as soon as they are known.
 * @param dir head's files
 * @param base the version to upgrade from, for what has to have changed since
 * @throws FindingError (recipe, invalid-compose; unverified, not-trusted)
 */
export async function lintStatic(site: Site, dir: string, base: LintRecipe | null): Promise<readonly Finding[]> {
  const { build, images } = site;
  const head = await lintable(dir, envFor(build.settings, build.request.env, "deploy"));
  build.findings.recipe.version = head.app.version;
  const findings = staticFindings(head, base);
  build.findings.lintFindings = findings;
  const invalid = invalidCompose(findings);
  if (invalid) {
    build.findings.lint = "fail";
    throw new FindingError("recipe", invalid);
  }
  await mustBeAllowed(site, dir, await sampled(dir, envFor(build.settings, build.request.env, "deploy")), { stack: anyStack, domain: anyDomain });
  images.want(head.app);
  for (const finding of findings) build.warn(`lint: ${findingLine(finding)}`);
  return findings;
}

/** A base that can't even be read is told as broken when it is deployed; here there is only nothing to compare with. */
async function readBase(site: Site, checkout: Checkout, dir: string | null): Promise<LintRecipe | null> {
  const { build } = site;
  const { base } = build.findings.recipe;
  if (!base) return null;
  try {
    return await lintable(dir ?? (await baseFiles(site, checkout, base.commit)), envFor(build.settings, build.request.env, "deploy"));
  } catch (error) {
    if (!(error instanceof FindingError && error.blame === "recipe") && !(error instanceof UsageError)) throw error;
    return null;
  }
}

/** With the settings' overlays: one of them may name another image. What is no image reference is told when base is deployed. */
async function wantBase({ images, build: { settings, request } }: Site, base: Tree): Promise<void> {
  try {
    images.want(await asSampled(base.dir, envFor(settings, request.env, "deploy"), { settings, side: base.side }));
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
  }
}

/** Where nothing will be upgraded, what an operator would run into is still worth a word. */
async function baseFiles({ build }: Site, checkout: Checkout, commit: string): Promise<string> {
  const dir = join(build.dir, "lint-base");
  await treeAt(checkout, commit, dir, build.signal);
  return dir;
}

/** @returns how many rules of severity error abra found broken; null where it could not lint */
async function abraLint(site: Site, checkout: Checkout): Promise<number | null> {
  const { build } = site;
  const swarm = await build.span("swarm ready", () => site.swarm());
  const dir = posix.join(swarm.shell.runDir, "abra-lint");
  const { abra } = await abraIn(site, swarm, checkout, dir);
  const table = await build.span("abra recipe lint", () => abra.recipeLint(checkout.name));
  if (table.fatal !== null) {
    build.warn(`lint: abra can't lint this recipe: ${table.fatal}`);
    return null;
  }
  const broken = table.rows.filter((row) => !row.satisfied && !row.skipped);
  for (const row of broken) build.warn(`lint: ${row.ref} ${row.rule} (${row.severity}): ${row.fix}`);
  return broken.filter((row) => row.severity === "error").length;
}

function rungOf(found: readonly Finding[], broken: number | null): Rung {
  const errors = found.filter(({ severity }) => severity !== "advice").length;
  // What is known to be wrong stays wrong where abra could not look for more.
  if (errors > 0) return "fail";
  if (broken === null) return "unverified";
  return broken === 0 ? "pass" : "fail";
}
