import { stringify } from "yaml";

/** What it needs to know of a service; recipe/types.ts ComposeService has it. */
export interface OverlaidService {
  readonly name: string;
  readonly endpointMode: "vip" | "dnsrr";
  readonly ports: readonly { readonly published: number | null; readonly target: number; readonly protocol: string; readonly mode: "ingress" | "host" }[];
}

export interface Overlay {
  /** A compose file to be merged over the recipe's own. */
  readonly yaml: string;
  /** What it changes, in one line, for results.json. */
  readonly summary: string;
  /** Services whose ports it moved into host mode: a conflict over a port may be its doing. */
  readonly hostPorts: readonly string[];
}

/** How containers reach other apps of a Swarm by their domains, where no DNS leads there and nobody knows who signed. */
export interface Reach {
  readonly domains: readonly string[];
  /** Where the edge answers, as containers see it. */
  readonly address: string;
  /** The Swarm config that holds the CA of its certificates. */
  readonly caConfig: string;
}

/**
 * By the hash of its subject OpenSSL finds a CA in this folder, and Go reads all of it: `openssl x509 -hash` of the throwaway CA.
 * Node's programs are told by a variable; Java keeps a store of its own, which nothing here reaches.
 */
const caFile = "/etc/ssl/certs/80a2f090.0";

/**
 * What a recipe needs on this host to reach other apps, and on a host whose kernel lacks IPVS: there a service's virtual IP and ingress ports never answer.
 * Every service gets `endpoint_mode: dnsrr`; ingress ports become host ports, and those services update stop-first,
 * as a start-first update would wait for ever for the port its own old task holds.
 * The file says the recipe's own `version:`, because docker refuses to merge files that differ in it.
 * @returns null where nothing has to change
 */
export function overlayFor(app: { readonly services: readonly OverlaidService[]; readonly format?: string }, facts: { readonly ipvs: boolean; readonly reach?: Reach | null }): Overlay | null {
  const reach = facts.reach ?? null;
  const changed = facts.ipvs ? [] : app.services.filter((service) => service.endpointMode !== "dnsrr" || ingressPorts(service).length > 0);
  if (changed.length === 0 && reach === null) return null;
  const own = new Map(changed.map((service) => [service.name, overlayOf(service)]));
  const overlaid = app.services.filter(({ name }) => reach !== null || own.has(name));
  const services = Object.fromEntries(overlaid.map(({ name }) => [name, { ...(reach ? reaching(reach) : {}), ...own.get(name) }]));
  return {
    yaml: stringify({ ...(app.format === undefined ? {} : { version: app.format }), services, ...(reach ? { configs: { [caKey]: { external: true, name: reach.caConfig } } } : {}) }),
    summary: [...(changed.length > 0 ? [summaryOf(changed)] : []), ...(reach ? [`reaches ${reach.domains.join(", ")} at ${reach.address} and knows the edge's CA`] : [])].join("; "),
    hostPorts: changed.filter((service) => ingressPorts(service).length > 0).map(({ name }) => name),
  };
}

const caKey = "recipe_ci_ca";

function reaching({ domains, address }: Reach): object {
  return {
    extra_hosts: domains.map((domain) => `${domain}:${address}`),
    configs: [{ source: caKey, target: caFile, mode: 0o444 }],
    environment: { NODE_EXTRA_CA_CERTS: caFile },
  };
}

function overlayOf(service: OverlaidService): object {
  const ports = ingressPorts(service);
  if (ports.length === 0) return { deploy: { endpoint_mode: "dnsrr" } };
  return {
    // Files are merged by published port: one that the recipe publishes is replaced, not doubled.
    ports: ports.map((port) => ({
      target: port.target,
      ...(port.published === null ? {} : { published: port.published }),
      protocol: port.protocol,
      mode: "host",
    })),
    deploy: { endpoint_mode: "dnsrr", update_config: { order: "stop-first" } },
  };
}

function ingressPorts(service: OverlaidService): OverlaidService["ports"] {
  return service.ports.filter((port) => port.mode === "ingress");
}

function summaryOf(changed: readonly OverlaidService[]): string {
  const names = changed.filter((s) => s.endpointMode !== "dnsrr").map((s) => s.name);
  const parts = names.length > 0 ? [`endpoint_mode dnsrr for ${names.join(", ")}`] : [];
  for (const service of changed) {
    const ports = ingressPorts(service).map((p) => `${p.published ?? "a random port"}->${p.target}/${p.protocol}`);
    if (ports.length > 0) parts.push(`${service.name}: ${ports.join(", ")} in host mode, updates stop-first`);
  }
  return `no IPVS in this kernel: ${parts.join("; ")}`;
}
