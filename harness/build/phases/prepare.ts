import { newApp, treeDir } from "../app.ts";
import type { App, Tree } from "../appState.ts";
import { treeAt } from "../../recipe/tree.ts";
import type { Checkout } from "../../recipe/types.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { TargetFacts } from "../../../reports/results.ts";
import type { Site } from "../site.ts";
import { chooseBase } from "./fetch.ts";

/** What will be deployed: head fresh, and base where there is an older version. */
export interface Plan {
  readonly checkout: Checkout;
  readonly headTree: Tree;
  readonly head: App;
  /** The app that is upgraded from base to head; null where nothing is older or the upgrade was not asked for. */
  readonly upgraded: App | null;
}

/** Makes the apps ready, everything but deployed. @throws FindingError where abra or the compose files refuse */
export async function prepare(site: Site, checkout: Checkout): Promise<Plan> {
  const { build } = site;
  const swarm = await site.swarm();
  const target = targetOf(site, swarm);
  build.findings.target = target;
  site.startTestRunner();
  const headTree: Tree = { commit: checkout.head, dir: checkout.dir };
  const version = build.request.tiers.includes("upgrade") ? chooseBase(checkout, build.request.base) : null;
  const baseTree: Tree | null = version && { commit: version.commit, dir: treeDir(site, "base") };
  if (baseTree) await treeAt(checkout, baseTree.commit, baseTree.dir, build.signal);
  const [head, upgraded] = await Promise.all([
    newApp(site, swarm, checkout, "head", headTree),
    baseTree && newApp(site, swarm, checkout, "base", baseTree),
  ]);
  target.abra.version = await head.abra.version();
  target.overlay = site.overlay;
  return { checkout, headTree, head, upgraded };
}

/** What is known of the target before anything is deployed. */
export function targetOf(site: Site, swarm: Swarm): TargetFacts {
  const abra = site.world?.abra;
  return {
    ...swarm.facts,
    overlay: null,
    abra: { version: "unknown", standIn: abra?.kind === "stand-in", unconfirmed: abra?.kind === "stand-in" ? [...abra.unconfirmed] : [] },
    images: [],
  };
}
