import type { App } from "./appState.ts";
import type { Plan } from "../plan.ts";

/**
 * The app that the later tiers run on: the upgraded one where it reached head, else the fresh one.
 * @returns null where neither is up
 */
export function subject({ head, upgraded, headTree }: Pick<Plan, "head" | "upgraded" | "headTree">): App | null {
  const reached = upgraded && isUp(upgraded) && upgraded.tree.commit === headTree.commit;
  if (reached) return upgraded;
  return isUp(head) ? head : null;
}

function isUp(app: App): boolean {
  return app.watch !== null && !app.givenUp;
}
