import { describe, expect, it } from "vitest";
import { table } from "../../../harness/commands/doctor.ts";
import { judgeDisk, judgeMemory } from "../../../harness/machine/checks/disk.ts";
import { type EngineFacts, judgeEngine, notTried } from "../../../harness/machine/checks/engine.ts";
import { judgeImages } from "../../../harness/machine/checks/images.ts";
import { addresses, freeSubnet, judgeIpvs, judgeProxy } from "../../../harness/machine/checks/network.ts";
import { judgePrivileges } from "../../../harness/machine/checks/privileges.ts";
import { exitCode, row } from "../../../harness/machine/checks/row.ts";
import { judgeAbra, judgeBrowser, judgeGit, judgeNode } from "../../../harness/machine/checks/tools.ts";
import { catalogue, dockerHub } from "../../../harness/machine/catalogue.ts";
import { wantedImages } from "../../../harness/machine/plan.ts";
import { isRegistryAnswer } from "../../../harness/machine/registries.ts";

const endpoint = { host: "unix:///var/run/docker.sock", from: "docker's default", tlsDir: null };
const good: EngineFacts = {
  version: "28.2.2", apiVersion: "1.50", components: ["Engine", "containerd", "runc"], system: "Debian GNU/Linux 13", osType: "linux",
  architecture: "x86_64", rootless: false, cgroup: "2", rootDir: "/var/lib/docker", swarm: { state: "inactive", manager: false, error: "" },
};
const of = (name: string, over: Partial<EngineFacts> = {}) => judgeEngine({ ...good, ...over }, endpoint).find((one) => one.name === name)!;

describe("the engine", () => {
  it("is fine as it usually is", () => {
    expect(exitCode(judgeEngine(good, endpoint))).toBe(0);
  });

  it("that does not answer is one row with a fix", () => {
    expect(judgeEngine({ problem: "connect ENOENT" }, endpoint)).toEqual([expect.objectContaining({ status: "missing", fix: "provision" })]);
  });

  it.each([
    ["engine API", { apiVersion: "1.40" }, "refused"],
    ["podman's socket", { components: ["Podman Engine"] }, "refused"],
    ["rootless engine", { rootless: true }, "refused"],
    ["Docker Desktop", { system: "Docker Desktop" }, "info"],
    ["Docker Desktop", { osType: "windows" }, "refused"],
    ["CPU architecture", { architecture: "aarch64" }, "info"],
    ["CPU architecture", { architecture: "riscv64" }, "refused"],
    ["cgroup version", { cgroup: "1" }, "ok"],
    ["Swarm", { swarm: { state: "active", manager: true, error: "" } }, "ok"],
    ["Swarm", { swarm: { state: "locked", manager: false, error: "" } }, "info"],
  ] as const)("%s %o is %s, in one line", (name, over, status) => {
    const found = of(name, over);
    expect(found.status).toBe(status);
    expect(found.found).not.toContain("\n");
  });

  it("names what this machine is not", () => {
    expect(notTried(good)).toEqual(["arm64", "cgroup v1", "a rootless engine", "podman's socket", "Docker Desktop"]);
  });
});

describe("privileges, decided by trying", () => {
  it.each([
    [null, "unknown"],
    [{ image: null, privileged: null, reduced: null }, "unknown"],
    [{ image: "i", privileged: null, reduced: null }, "ok"],
    [{ image: "i", privileged: "unable to apply caps", reduced: null }, "info"],
    [{ image: "i", privileged: "no", reduced: "no either" }, "refused"],
  ] as const)("%o is %s", (facts, status) => {
    expect(judgePrivileges(facts).status).toBe(status);
  });
});

describe("the proxy network", () => {
  const proxy = { driver: "overlay", scope: "swarm", subnets: ["10.0.1.0/24"], used: 10 };

  it("is wanted on a manager only", () => {
    expect(judgeProxy(null, false).status).toBe("info");
    expect(judgeProxy(null, true)).toMatchObject({ status: "missing", fix: "proxy-network" });
  });

  it("incident 23: tells its free addresses, and when they run out", () => {
    expect(judgeProxy(proxy, true)).toMatchObject({ status: "ok", found: "10.0.1.0/24: about 243 addresses free" });
    expect(judgeProxy({ ...proxy, used: 240 }, true).status).toBe("missing");
    expect(judgeProxy({ ...proxy, driver: "bridge", scope: "local" }, true).status).toBe("refused");
  });

  it("counts addresses", () => {
    expect([addresses("10.0.0.0/16"), addresses("10.0.0.0/31"), addresses("fd00::/64")]).toEqual([65533, 0, 0]);
  });

  it("gets a /16 that overlaps nothing", () => {
    expect(freeSubnet([])).toBe("10.250.0.0/16");
    expect(freeSubnet(["10.250.3.0/24", "10.248.0.0/15", "172.17.0.0/16", "10.247.0.9/32"])).toBe("10.246.0.0/16");
    expect(freeSubnet(["10.0.0.0/8"])).toBeNull();
  });
});

describe("the rest of the machine", () => {
  it("IPVS: absent is worth knowing, not a fault", () => {
    expect((["present", "loadable", "absent", "unseen"] as const).map((facts) => judgeIpvs(facts).status)).toEqual(["ok", "ok", "info", "unknown"]);
  });

  it("incident 23: a full disk, inodes too", () => {
    const disk = (bytes: number, inodes: number, inodesKnown = true) => judgeDisk({ what: "x", path: "/x", wantBytes: 1000, wantInodes: 100_000, free: { bytes, inodes, inodesKnown } }).status;
    expect([disk(1e9, 1e6), disk(10, 1e6), disk(1e9, 10), disk(1e9, 0, false)]).toEqual(["ok", "missing", "missing", "ok"]);
    expect(judgeDisk({ what: "x", path: "/x", wantBytes: 1, wantInodes: 1, free: null }).status).toBe("unknown");
  });

  it("memory: what a build would wait for", () => {
    const gib = 1024 ** 3;
    const host = (available: number) => ({ available, total: 8 * gib });
    expect([judgeMemory(host(4 * gib), gib), judgeMemory(host(gib), gib), judgeMemory(null, gib)].map(({ status }) => status)).toEqual(["ok", "missing", "unknown"]);
    expect(judgeMemory(host(gib), gib)).toMatchObject({ found: "1.1 GB available, 1.1 GB kept for the host (reserveMemory)", todo: expect.stringContaining("reserveMemory") });
  });

  it("git, Node, abra", () => {
    expect([judgeGit(null), judgeGit("git version 2.39.5 (Apple Git-154)"), judgeGit("git version 1.8.3")].map((one) => one.status)).toEqual(["missing", "ok", "refused"]);
    expect([judgeNode("v24.1.0"), judgeNode("v20.1.0")].map((one) => one.status)).toEqual(["ok", "refused"]);
    expect([judgeBrowser("/usr/bin/chromium"), judgeBrowser(null)].map((one) => one.status), "most recipes need no browser").toEqual(["ok", "info"]);
    expect(judgeAbra({ version: "0.13.0-beta", path: "/bin/abra", from: "PATH" }).status).toBe("ok");
    expect(judgeAbra({ problem: "none", tried: ["PATH: no"], todo: "get it" })).toMatchObject({ status: "missing", todo: expect.stringContaining("get it") });
  });

  it("images: what is left is the remedy", () => {
    const wanted = wantedImages([], true, [dockerHub], catalogue);
    const rows = (steps: Parameters<typeof judgeImages>[0]["steps"]) => judgeImages({ silent: [dockerHub], wanted, steps, dockerdLog: "/log" }).map((one) => one.status);
    expect(rows([])).toEqual(["info", "ok"]);
    expect(rows([{ kind: "build", refs: ["a"] }])).toEqual(["info", "missing"]);
  });

  it("a registry's answer is told from a proxy's page", () => {
    expect(isRegistryAnswer(401, new Headers({ "www-authenticate": "Bearer realm=x" }))).toBe(true);
    expect(isRegistryAnswer(200, new Headers({ "docker-distribution-api-version": "registry/2.0" }))).toBe(true);
    expect(isRegistryAnswer(429, new Headers())).toBe(true);
    expect([200, 403, 503].some((status) => isRegistryAnswer(status, new Headers({ server: "proxy" })))).toBe(false);
  });
});

describe("the table", () => {
  it("says at the end what is missing, and exits 3 for it", () => {
    const rows = [row("a", "ok", "fine"), row("bb", "missing", "none", "get it")];
    expect(table({ rows, notTried: ["arm64"] })).toBe(
      "ok       a   fine\nmissing  bb  none\n             to do: get it\n\nnot tried here: arm64\nmissing or refused: bb\n",
    );
    expect([exitCode(rows), exitCode(rows.slice(0, 1)), exitCode([row("c", "unknown", "?"), row("d", "info", "i")])]).toEqual([3, 0, 0]);
  });
});
