import type { ComposeService } from "../../types.ts";
import type { Finding } from "../finding.ts";
import { fileOf, type LintRecipe, saidAt } from "../recipe.ts";

/** What start-first, the new task beside the old one, goes badly with. */
export function updateFindings(recipe: LintRecipe): Finding[] {
  return recipe.app.services
    .filter(({ updateOrder }) => updateOrder === "start-first")
    .flatMap((service) => [...withRollback(recipe, service), ...withHostPort(recipe, service)]);
}

/** Common in recipes, and harmless where whoever upgrades looks twice: advice. */
function withRollback(recipe: LintRecipe, { name }: ComposeService): Finding[] {
  const path = ["deploy", "update_config", "failure_action"] as const;
  if (saidAt(recipe, ["services", name, ...path])?.value !== "rollback") return [];
  return [{
    rule: "start-first-with-rollback",
    severity: "advice",
    service: name,
    file: fileOf(recipe, name, ...path),
    text: `service ${name} updates start-first and rolls back by itself: after an upgrade that failed the old version serves on, and abra calls it done`,
    remedy: "use failure_action: pause, or look at the running version after each upgrade",
  }];
}

function withHostPort(recipe: LintRecipe, { name, ports }: ComposeService): Finding[] {
  const held = ports.filter(({ mode, published }) => mode === "host" && published !== null);
  if (held.length === 0) return [];
  return [{
    rule: "start-first-with-host-port",
    severity: "error",
    service: name,
    file: fileOf(recipe, name, "deploy", "update_config", "order"),
    text: `service ${name} updates start-first and holds the host's port ${held.map(({ published }) => published).join(", ")}: on one node the new task waits for ever for the port of the old one`,
    remedy: "use order: stop-first",
  }];
}
