import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { App } from "../../../harness/build/app/appState.ts";
import { Suspicion } from "../../../harness/build/ready/wrongPort.ts";
import type { Swarm } from "../../../harness/swarm/types.ts";

/** Time and what a container listens on are played. */

let listening: number[] | null;
let container: string;
let unreached: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  [listening, container, unreached] = [[80], "c1", true];
});
afterEach(() => vi.useRealTimers());

function suspecting(hasHealthcheck: boolean): { look: () => Promise<number | null>; suspicion: Suspicion; after: (seconds: number) => Promise<number | null> } {
  const task = () => ({ CreatedAt: "2026-01-01T00:00:00Z", NodeID: "n", Status: { State: "running", ContainerStatus: { ContainerID: container } } });
  const swarm = { docker: { listTasks: async () => [task()] }, portsOf: async () => listening } as unknown as Swarm;
  const labels = { "traefik.enable": "true", "traefik.http.services.s.loadbalancer.server.port": "8081" };
  const app = { stack: "s", compose: { services: [{ name: "app", labels, hasHealthcheck }] } } as unknown as App;
  const suspicion = new Suspicion(swarm, app);
  const look = async () => (await suspicion.confirmed(unreached))?.port ?? null;
  const after = async (seconds: number) => {
    vi.advanceTimersByTime(seconds * 1000);
    return look();
  };
  return { look, after, suspicion };
}

describe("a port where nothing listens", () => {
  test("is told within seconds of a service whose own health check says that it is up", async () => {
    const { look, after } = suspecting(true);
    expect([await look(), await after(19), await after(1)]).toEqual([null, null, 8081]);
  });

  test("is told only after a minute where nobody knows whether it is up: an image may set itself up on another port first", async () => {
    const { look, after } = suspecting(false);
    expect([await look(), await after(59), await after(1)]).toEqual([null, null, 8081]);
  });

  test("a service that goes on to listen elsewhere is still on its way", async () => {
    const { look, after } = suspecting(true);
    await look();
    listening = [80, 9000];
    expect(await after(19)).toBeNull();
    listening = [9000];
    expect([await after(19), await after(19), await after(1)]).toEqual([null, null, 8081]);
  });

  test("so is one whose container was replaced, and one that listens nowhere for a moment", async () => {
    const { look, after } = suspecting(true);
    await look();
    container = "c2";
    expect(await after(19)).toBeNull();
    listening = [];
    expect(await after(19)).toBeNull();
    listening = [80];
    expect([await after(19), await after(19), await after(1)]).toEqual([null, null, 8081]);
  });

  test("is no longer suspected once something listens there", async () => {
    const { look, after, suspicion } = suspecting(true);
    await look();
    listening = [80, 8081];
    expect([await after(20), await after(20)]).toEqual([null, null]);
    expect(suspicion.latest).toBeNull();
  });

  test("is not what keeps a page from being right that comes through another one", async () => {
    const { look, after, suspicion } = suspecting(true);
    await look();
    unreached = false;
    expect([await after(20), await after(20)]).toEqual([null, null]);
    expect(suspicion.latest).toBeNull();
  });

  test("at the deadline what was seen last says more than a page that does not come", async () => {
    const { look, suspicion } = suspecting(false);
    await look();
    expect(suspicion.latest).toMatchObject({ service: "app", port: 8081, listening: [80] });
  });
});
