import type { Finding } from "../finding.ts";
import { fileOf, type LintRecipe, saidAt } from "../recipe.ts";

/** Where compose wants a duration. */
const places: readonly (readonly string[])[] = [
  ...["interval", "timeout", "start_period", "start_interval"].map((key) => ["healthcheck", key]),
  ["stop_grace_period"],
  ...["update_config", "rollback_config"].flatMap((part) => ["delay", "monitor"].map((key) => ["deploy", part, key])),
  ...["delay", "window"].map((key) => ["deploy", "restart_policy", key]),
];

/** As Go reads one; compose's schema takes no plain number. */
const duration = /^(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$|^0$/;

/**
 * Docker refuses what is no duration. abra checks before it replaces variables, so to abra a variable is none either; whether
 * it still does is abra's to say when the app is made, so that alone is not fatal here.
 */
export function durationFindings(recipe: LintRecipe): Finding[] {
  return recipe.app.services.flatMap(({ name }) =>
    places.flatMap((path): Finding[] => {
      const said = saidAt(recipe, ["services", name, ...path], "written");
      if (said === null || (typeof said.value === "string" && duration.test(said.value))) return [];
      const variable = typeof said.value === "string" && said.value.includes("$");
      const read = saidAt(recipe, ["services", name, ...path])?.value;
      const wrong = !(typeof read === "string" && duration.test(read));
      const place = path.join(".");
      return [{
        rule: variable && !wrong ? "variable-duration" : "no-duration",
        severity: variable ? "error" : "fatal",
        service: name,
        file: fileOf(recipe, name, ...path),
        text: `service ${name}: ${place} is ${JSON.stringify(said.value)}, ${variable && !wrong ? "and abra wants durations written out: it checks before variables are replaced" : "which is no duration"}`,
        remedy: variable ? "write the duration out, like 30s" : 'write it like "30s" or "1m30s"',
      }];
    }),
  );
}
