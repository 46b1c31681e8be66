import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Expectations, ServiceState, TaskState, TierContext } from "../../../tiers/context.ts";

export function task(id: string, over: Partial<TaskState> = {}): TaskState {
  return { id, slot: "1", state: "running", desired: "running", image: "nginx:1.27", container: `c-${id}`, error: null, ...over };
}

export function service(name: string, over: Partial<ServiceState> = {}): ServiceState {
  return { name, specVersion: 10, spec: "one", image: "nginx:1.27", labels: {}, desired: 1, oneShot: false, update: null, tasks: [task(`${name}-1`)], ...over };
}

export function context(over: Partial<TierContext> = {}, expect: Expectations = { tier: "custom" }): TierContext {
  return {
    domain: "app.ci.test",
    url: "https://app.ci.test",
    stack: "app_ci_test",
    edge: { address: "127.0.0.1", httpsPort: 1, httpPort: 1, trust: "public" },
    recipe: { name: "tiny", variant: null },
    head: { version: "0.3.0+1.27", commit: "d2ed184" },
    base: null,
    needs: {},
    env: { DOMAIN: "app.ci.test" },
    services: [],
    expect,
    skip: {},
    ...over,
  };
}

/** Short: a Unix socket's path has at most 107 bytes. */
export function socketPath(): string {
  return join(tmpdir(), `rci-${randomBytes(4).toString("hex")}.sock`);
}
