import type { Results } from "../../reports/results.ts";
import type { Build } from "./context.ts";
import { admit } from "./phases/admit.ts";
import { backup } from "./phases/backup.ts";
import { collect } from "./phases/collect.ts";
import { converge } from "./phases/converge.ts";
import { custom } from "./phases/custom.ts";
import { extra } from "./phases/extra.ts";
import { fetch } from "./phases/fetch.ts";
import { install } from "./phases/install.ts";
import { lint } from "./phases/lint.ts";
import { preflight } from "./phases/preflight.ts";
import { prepare } from "./phases/prepare.ts";
import { prepull } from "./phases/prepull.ts";
import { report, resultsOf } from "./phases/report.ts";
import { restore } from "./phases/restore.ts";
import { teardown } from "./phases/teardown.ts";
import { upgrade } from "./phases/upgrade.ts";
import { Site } from "./site.ts";
import type { OpenWorld } from "./world.ts";

/**
 * The story of one build, top to bottom. Whatever happens in it, teardown runs and the results say how it ended.
 * @throws UsageError where the request itself is wrong (no such recipe, ref, version); everything is torn down first
 */
export async function runBuild(build: Build, openWorld: OpenWorld): Promise<Results> {
  const site = new Site(build);
  try {
    await build.phase("admit", () => admit(build));
    await build.phase("preflight", () => preflight(site, openWorld));
    const fetched = await build.phase("fetch", () => fetch(build));
    await build.phase("lint", () => lint(site, fetched));
    const plan = await build.phase("prepare", () => prepare(site, fetched));
    await build.phase("prepull", () => prepull(site, plan));
    await build.phase("install", () => install(site, plan));
    await build.phase("upgrade", () => upgrade(site, plan));
    const backedUp = await build.phase("backup", () => backup(site, plan));
    await build.phase("restore", () => restore(site, backedUp));
    await build.phase("custom", () => custom(site, plan));
    await build.phase("extra", () => extra(site, plan, backedUp));
    await build.phase("converge", () => converge(site));
  } catch (error) {
    build.endedBy(site.lostNode() ?? error);
  } finally {
    await build.closing("collect", () => collect(site));
    await build.closing("teardown", () => teardown(site));
  }
  const harness = await build.closing("report", () => report(build));
  return resultsOf(build, harness);
}
