import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { ComposeApp, ComposeService } from "../../../harness/recipe/types.ts";
import { overlayFor } from "../../../harness/swarm/overlay.ts";

const service = (name: string, change: Partial<ComposeService> = {}): ComposeService => ({
  name, image: "x:1", dependsOn: [], env: {}, labels: {}, networks: [], secrets: [], configs: [], volumes: [], ports: [],
  hasHealthcheck: false, endpointMode: "vip", updateOrder: "start-first", replicas: 1, ...change,
});
const app = (...services: ComposeService[]): ComposeApp => ({ services, secrets: [], configs: [], volumes: [], networks: [], format: "3.7", version: null });
const port = (mode: "ingress" | "host", published: number | null = 8080) => ({ published, target: 80, protocol: "tcp", mode });

const reach = { domains: ["keyc1.ci.test"], address: "10.0.0.5", caConfig: "edge_ca" };

describe("overlayFor", () => {
  it("leads every service to what the recipe needs, and lets it know who signs there", () => {
    const overlay = overlayFor(app(service("app"), service("worker")), { ipvs: true, reach });
    const reaching = {
      extra_hosts: ["keyc1.ci.test:10.0.0.5"],
      configs: [{ source: "recipe_ci_ca", target: "/etc/ssl/certs/80a2f090.0", mode: 0o444 }],
      environment: { NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/80a2f090.0" },
    };
    expect(parse(overlay?.yaml ?? "")).toEqual({ version: "3.7", services: { app: reaching, worker: reaching }, configs: { recipe_ci_ca: { external: true, name: "edge_ca" } } });
    expect(overlay).toMatchObject({ summary: "reaches keyc1.ci.test at 10.0.0.5 and knows the edge's CA", hostPorts: [] });
  });

  it("does so beside what a kernel without IPVS wants", () => {
    const overlay = overlayFor(app(service("app"), service("done", { endpointMode: "dnsrr" })), { ipvs: false, reach });
    expect(parse(overlay?.yaml ?? "").services).toMatchObject({ app: { extra_hosts: ["keyc1.ci.test:10.0.0.5"], deploy: { endpoint_mode: "dnsrr" } }, done: { extra_hosts: ["keyc1.ci.test:10.0.0.5"] } });
    expect(overlay?.summary).toBe("no IPVS in this kernel: endpoint_mode dnsrr for app; reaches keyc1.ci.test at 10.0.0.5 and knows the edge's CA");
  });

  it("adds nothing where the kernel has IPVS", () => {
    expect(overlayFor(app(service("app", { ports: [port("ingress")] })), { ipvs: true })).toBeNull();
  });

  it("adds nothing where nothing has to change", () => {
    expect(overlayFor(app(service("app", { endpointMode: "dnsrr", ports: [port("host")] })), { ipvs: false })).toBeNull();
  });

  it("gives every service dnsrr and leaves the update order of those without ports alone", () => {
    const overlay = overlayFor(app(service("app"), service("db"), service("done", { endpointMode: "dnsrr" })), { ipvs: false });
    expect(parse(overlay?.yaml ?? "")).toEqual({
      version: "3.7",
      services: { app: { deploy: { endpoint_mode: "dnsrr" } }, db: { deploy: { endpoint_mode: "dnsrr" } } },
    });
    expect(overlay?.summary).toBe("no IPVS in this kernel: endpoint_mode dnsrr for app, db");
    expect(overlay?.hostPorts).toEqual([]);
  });

  it("says no version where the recipe says none: docker refuses to merge files that differ in it", () => {
    const { format: _, ...plain } = app(service("app"));
    expect(parse(overlayFor(plain, { ipvs: false })?.yaml ?? "")).not.toHaveProperty("version");
  });

  it("turns ingress ports into host ports, stop-first, and leaves host ports to the recipe", () => {
    const overlay = overlayFor(app(service("app", { ports: [port("ingress"), port("host", 9000), port("ingress", null)] })), { ipvs: false });
    expect(parse(overlay?.yaml ?? "").services.app).toEqual({
      ports: [
        { target: 80, published: 8080, protocol: "tcp", mode: "host" },
        { target: 80, protocol: "tcp", mode: "host" },
      ],
      deploy: { endpoint_mode: "dnsrr", update_config: { order: "stop-first" } },
    });
    expect(overlay?.hostPorts).toEqual(["app"]);
    expect(overlay?.summary).toContain("app: 8080->80/tcp, a random port->80/tcp in host mode, updates stop-first");
  });
});
