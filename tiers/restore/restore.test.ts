import { expectationsFor } from "../expectations.ts";
import { app } from "../testing.ts";
import { restoreChecks } from "./checks.ts";

restoreChecks(expectationsFor(app.context.expect, "restore"));
