import { scenarioExpectations } from "../../tiers/expectations.ts";
import { app } from "../../tiers/testing.ts";
import { upgradeChecks } from "../../tiers/upgrade/checks.ts";

upgradeChecks(scenarioExpectations(app.context.expect, "rollback"), { from: "head", to: "base" });
