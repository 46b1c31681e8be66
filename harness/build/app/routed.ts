import type { ComposeApp, ComposeService } from "../../recipe/types.ts";

/** Whether visitors can come at all: a runner, a backup bot or a mail relay has no page. */
export function isRouted({ compose }: { readonly compose: ComposeApp }): boolean {
  return compose.services.some(takesVisitors);
}

/** The service that visitors reach. */
export function routedService({ compose }: { readonly compose: ComposeApp }): string {
  return compose.services.find(takesVisitors)?.name ?? "app";
}

function takesVisitors({ labels }: ComposeService): boolean {
  return labels["traefik.enable"] === "true";
}
