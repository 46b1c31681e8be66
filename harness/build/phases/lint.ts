import { posix } from "node:path";
import { FindingError } from "../../base/errors.ts";
import { invalidCompose, staticFindings } from "../../recipe/lint/static.ts";
import type { Checkout } from "../../recipe/types.ts";
import type { Rung } from "../../../reports/results.ts";
import { abraIn } from "../app.ts";
import type { Tree } from "../appState.ts";
import { anyStack, asSampled } from "../sampled.ts";
import type { Site } from "../site.ts";
import type { Fetched } from "./fetch.ts";

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
  const app = await asSampled(dir, build.request.env);
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
    site.images.want(await asSampled(base.dir, site.build.request.env));
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
  }
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
