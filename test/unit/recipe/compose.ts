import type { ComposeApp, ComposeService } from "../../../harness/recipe/types.ts";

/** An app of services that are plain but for what is given. */
export function appOf(services: Record<string, Partial<ComposeService>>, rest: Partial<ComposeApp> = {}): ComposeApp {
  const plain = { image: "x:1", dependsOn: [], env: {}, labels: {}, networks: [], secrets: [], configs: [], volumes: [], ports: [] };
  const defaults = { hasHealthcheck: false, endpointMode: "vip", updateOrder: "stop-first", replicas: 1 } as const;
  return {
    services: Object.entries(services).map(([name, given]) => ({ ...plain, ...defaults, name, ...given })),
    secrets: [],
    configs: [],
    volumes: [],
    networks: [],
    version: null,
    ...rest,
  };
}
