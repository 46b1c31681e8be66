import { expectationsFor } from "../expectations.ts";
import { app } from "../testing.ts";
import { upgradeChecks } from "./checks.ts";

upgradeChecks(expectationsFor(app.context.expect, "upgrade"), { from: "base", to: "head" });
