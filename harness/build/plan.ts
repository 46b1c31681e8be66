import type { Checkout, Version } from "../recipe/types.ts";
import type { App, Tree } from "./app/appState.ts";

/** What will be deployed: head fresh, and base where there is an older version. */
export interface Plan {
  readonly checkout: Checkout;
  readonly headTree: Tree;
  readonly head: App;
  /**
   * The app that is upgraded to head: base, or where that no longer deploys an older version; null where nothing is older or the upgrade
   * was not asked for.
   */
  upgraded: App | null;
  /** Every version that head can be upgraded from, newest first. */
  readonly older: readonly Version[];
}
