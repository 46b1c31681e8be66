import { drain } from "./drain.ts";
import { kill } from "./kill.ts";
import { load } from "./load.ts";
import { nodeRestart } from "./node-restart.ts";
import { redeploy } from "./redeploy.ts";
import { restoreFresh } from "./restore-fresh.ts";
import { rollback } from "./rollback.ts";
import { rotate } from "./rotate.ts";
import type { Scenario } from "./scenario.ts";
import { upgradeFrom } from "./upgrade-from.ts";

/** In the order in which they run: what leaves the app as it was comes before what does not. `rotate` is the last: it may leave the app broken. */
export const scenarios: readonly Scenario[] = [load, kill, redeploy, upgradeFrom, drain, nodeRestart, restoreFresh, rollback, rotate];
