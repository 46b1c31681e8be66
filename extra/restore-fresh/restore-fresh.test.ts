import { scenarioExpectations } from "../../tiers/expectations.ts";
import { restoreChecks } from "../../tiers/restore/checks.ts";
import { app } from "../../tiers/testing.ts";

restoreChecks(scenarioExpectations(app.context.expect, "restore-fresh"));
