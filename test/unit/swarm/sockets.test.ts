import type Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { type Engine, engineHere, listeningIn, portsThrough } from "../../../harness/swarm/sockets.ts";

const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid";
const row = (local: string, state: string) => `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0`;

describe("ports on which a container listens", () => {
  test.each<[string, string, number[]]>([
    ["nothing", "", []],
    ["the header only", header, []],
    ["IPv4", [header, row("00000000:0050", "0A")].join("\n"), [80]],
    ["one address of its own", [header, row("0300000A:1538", "0A")].join("\n"), [5432]],
    ["IPv6, both tables one after the other, each port once", [header, row("00000000:1F90", "0A"), header, row("00000000000000000000000000000000:1F90", "0A"), row("00000000000000000000000000000000:0050", "0A")].join("\n"), [80, 8080]],
    ["connections are no listeners", [header, row("0100007F:0050", "01"), row("0100007F:0051", "06")].join("\n"), []],
    ["Docker's own resolver does not count", [header, row("0B00007F:9C41", "0A")].join("\n"), []],
    ["on localhost nobody else reaches it", [header, row("0100007F:0BB8", "0A"), row("00000000000000000000000001000000:0BB9", "0A")].join("\n"), []],
    ["nor on localhost written as an IPv6 address", [header, row("0000000000000000FFFF00000100007F:1F90", "0A")].join("\n"), []],
    ["another IPv4 address written so", [header, row("0000000000000000FFFF00000300000A:1F90", "0A")].join("\n"), [8080]],
    ["garbage", "cat: no such file\n: :", []],
  ])("%s", (_, table, ports) => {
    expect(listeningIn(table)).toEqual(ports);
  });
});

interface Fake {
  readonly node: string;
  readonly running?: boolean;
  readonly network?: string;
  readonly tables?: string | null;
}

function engine({ node, running = true, network = "default", tables = [header, row("00000000:0050", "0A")].join("\n") }: Fake, asked: string[] = []): Engine {
  const docker = {
    info: async () => {
      asked.push(`info ${node}`);
      return { Swarm: { NodeID: node } };
    },
    getContainer: (id: string) => ({
      inspect: async () => {
        asked.push(`inspect ${id} on ${node}`);
        return { State: { Running: running, Pid: running ? 42 : 0 }, HostConfig: { NetworkMode: network } };
      },
    }),
  } as unknown as Docker;
  return { docker, tables: async () => tables };
}

describe("the engine that is asked", () => {
  test("is the one of the task's node, whose id is asked for once", async () => {
    const asked: string[] = [];
    const ports = portsThrough([engine({ node: "n1" }, asked), engine({ node: "n2" }, asked)]);
    expect(await ports({ node: "n2", container: "c1" })).toEqual([80]);
    expect(await ports({ node: "n2", container: "c2" })).toEqual([80]);
    expect(asked).toEqual(["info n1", "info n2", "inspect c1 on n2", "inspect c2 on n2"]);
  });

  test("is the first where the node is not known", async () => {
    expect(await portsThrough([engine({ node: "n1" })])({ node: null, container: "c1" })).toEqual([80]);
  });
});

describe("nobody can look", () => {
  test.each<[string, Fake]>([
    ["at a container on a node out of reach", { node: "n2" }],
    ["at one that has ended", { node: "n1", running: false }],
    ["at one on its node's own network", { node: "n1", network: "host" }],
    ["where /proc is not readable", { node: "n1", tables: null }],
  ])("%s", async (_, fake) => {
    expect(await portsThrough([engine(fake)])({ node: "n1", container: "c1" })).toBeNull();
  });

  test("at a process of this machine that only happens to have the number", async () => {
    expect(await engineHere({} as Docker).tables(process.pid, "0123456789abcdef0123456789abcdef")).toBeNull();
  });
});
