import { namedBy } from "../../dependencies.ts";
import type { ComposeService } from "../../types.ts";
import type { Finding } from "../finding.ts";
import { fileOf, type LintRecipe } from "../recipe.ts";

/** On a network shared with other stacks, every recipe's `app` answers to `app`. */
export function aliasFindings(recipe: LintRecipe): Finding[] {
  return recipe.app.services.flatMap((service) => {
    const shared = recipe.app.networks.filter(({ key, external }) => external && service.networks.includes(key));
    return shared.flatMap(({ key, name }): Finding[] => {
      const asksForIt = service.aliases?.[key]?.includes("app") ?? false;
      const uses = service.name !== "app" && bareApp(service, recipe.stack);
      if (!asksForIt && !uses) return [];
      const said = asksForIt ? "asks for the alias app" : "calls its sibling by the bare name app";
      return [{
        rule: "app-alias-on-shared-network",
        severity: "error",
        service: service.name,
        file: fileOf(recipe, service.name, asksForIt ? "networks" : "environment"),
        text: `service ${service.name} is on the shared network ${name} and ${said}: DNS there may answer with another stack's app`,
        remedy: "use ${STACK_NAME}_app",
      }];
    });
  });
}

function bareApp(service: ComposeService, stack: string): boolean {
  const withoutOwn = (text: string) => text.replaceAll(`${stack}_app`, "");
  const env = Object.fromEntries(Object.entries(service.env).map(([key, value]) => [key, withoutOwn(value)]));
  return namedBy({ ...service, env, dependsOn: [], command: (service.command ?? []).map(withoutOwn) }, ["app"], stack).has("app");
}
