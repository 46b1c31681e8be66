import { posix } from "node:path";
import { FindingError } from "../../base/errors.ts";
import { envValues } from "../../recipe/envfile.ts";
import { loadApp, recipeFile } from "../../recipe/files.ts";
import { invalidCompose, staticFindings } from "../../recipe/lint/static.ts";
import type { Checkout, ComposeApp } from "../../recipe/types.ts";
import type { Rung } from "../../../reports/results.ts";
import { abraIn } from "../app.ts";
import type { Tree } from "../appState.ts";
import type { Site } from "../site.ts";
import type { Fetched } from "./fetch.ts";

/** Only its shape matters for static checks; the real stack is named in prepare. */
const anyStack = "lint_ci_test";

/**
 * Static checks first: a compose file that no Swarm would take is red before anything is deployed. Then abra's own lint on a
 * pristine clone. Findings are warnings and the lint rung, never the verdict.
 * @throws FindingError (recipe, invalid-compose)
 */
export async function lint(site: Site, { checkout, baseTree }: Fetched): Promise<void> {
  const found = await lintStatic(site, checkout.dir);
  if (baseTree) await wantBase(site, baseTree);
  const broken = await abraLint(site, checkout);
  site.build.findings.lint = rungOf(found, broken);
}

/**
 * What can be said without a Swarm. Head's images begin to be pulled here, as soon as they are known.
 * @param dir head's files
 * @returns how many findings there were
 * @throws FindingError (recipe, invalid-compose)
 */
export async function lintStatic(site: Site, dir: string): Promise<number> {
  const { build, images } = site;
  const app = await asSampled(site, dir);
  build.findings.recipe.version = app.version;
  const findings = staticFindings(app, anyStack);
  const invalid = invalidCompose(findings);
  if (invalid) throw new FindingError("recipe", invalid);
  images.want(app);
  for (const finding of findings) build.warn(`lint: ${finding.service ? `${finding.service}: ` : ""}${finding.text}`);
  return findings.length;
}

/** A base that can't even be read is told as broken when it is deployed; here it only has no images to begin with. */
async function wantBase(site: Site, base: Tree): Promise<void> {
  try {
    site.images.want(await asSampled(site, base.dir));
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
  }
}

/** The compose files as a new app would have them: the sample, and what the request sets. */
async function asSampled({ build }: Site, dir: string): Promise<ComposeApp> {
  const sample = (await recipeFile(dir, ".env.sample")) ?? "";
  return loadApp(dir, { ...envValues(sample), ...build.request.env, DOMAIN: "lint.ci.test", STACK_NAME: anyStack }, anyStack);
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

function rungOf(found: number, broken: number | null): Rung {
  if (broken === null) return "unverified";
  return found === 0 && broken === 0 ? "pass" : "fail";
}
