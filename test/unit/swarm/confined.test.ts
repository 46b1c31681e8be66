import { describe, expect, test } from "vitest";
import { confinedOptions, hitIn } from "../../../harness/swarm/confined.ts";

const options = confinedOptions({
  image: "sha256:one", name: "recipe-ci-tests-1", argv: ["/node", "/main.ts"], workDir: "/recipe", env: { HOME: "/tmp" },
  mounts: [{ source: "/opt/code", target: "/code" }], scratch: { path: "/tmp", bytes: 1024 }, limits: { memory: 2048, cpus: 1.5, processes: 20 },
});

describe("a container for programs of people whom nobody knows", () => {
  test("incident 38: has no network, no rights, no engine, and nothing that can be written but memory", () => {
    expect(options.HostConfig).toMatchObject({
      NetworkMode: "none", ReadonlyRootfs: true, CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges"], Privileged: false, IpcMode: "private",
      Tmpfs: { "/tmp": "rw,nosuid,nodev,size=1024,mode=1777" },
    });
    expect(options.HostConfig).not.toHaveProperty("CapAdd");
    expect(options.HostConfig).not.toHaveProperty("Binds");
    expect(options.HostConfig).not.toHaveProperty("PidMode");
    expect(options.User).toBe("65534:65534");
    expect(options.HostConfig?.Mounts).toEqual([{ Type: "bind", Source: "/opt/code", Target: "/code", ReadOnly: true }]);
  });

  test("has only the environment that it is given, and only the program", () => {
    expect(options).toMatchObject({ Image: "sha256:one", Env: ["HOME=/tmp"], Entrypoint: ["/node", "/main.ts"], Cmd: [] });
  });

  test("has limits, no swap, and fills no disk with what it prints", () => {
    expect(options.HostConfig).toMatchObject({ Memory: 2048, MemorySwap: 2048, NanoCpus: 1_500_000_000, PidsLimit: 20, LogConfig: { Type: "none" }, OomScoreAdj: 500 });
  });
});

describe("a limit that was hit, by what the kernel counted", () => {
  test.each<[string, string, ReturnType<typeof hitIn>]>([
    ["nothing", "", null],
    ["nothing yet", "memory.oom_control oom_kill 0\npids.events max 0\n", null],
    ["memory, first version", "memory.oom_control oom_kill_disable 0\nmemory.oom_control under_oom 0\nmemory.oom_control oom_kill 1\n", "memory"],
    ["memory, second version", "memory.events max 90\nmemory.events oom 2\nmemory.events oom_kill 1\n", "memory"],
    // Memory that was taken back from caches is no failure.
    ["memory that was short for a while", "memory.events high 3\nmemory.events max 90\nmemory.events oom_kill 0\n", null],
    ["processes", "memory.events oom_kill 0\npids.events max 12\n", "processes"],
    ["both: who was killed comes first", "pids.events max 12\nmemory.events oom_kill 1\n", "memory"],
  ])("%s", (_, counts, hit) => expect(hitIn(counts)).toBe(hit));
});
