/** A container for programs of people whom nobody knows: nothing in it is more than what is put there, and no network leads out of it. */
import type Docker from "dockerode";
import type { Duplex } from "node:stream";
import { splitLines } from "../base/command.ts";
import { messageOf } from "../base/errors.ts";
import { bounded, unlessGone } from "./bounded.ts";
import { unframed } from "./shell/container-shell.ts";
import type { NodeShell } from "./types.ts";

export interface ConfinedLimits {
  /** Bytes, with what lies in its temporary folder. */
  readonly memory: number;
  readonly cpus: number;
  /** Threads are counted too. */
  readonly processes: number;
}

export interface ConfinedSpec {
  readonly image: string;
  readonly name: string;
  readonly argv: readonly string[];
  readonly workDir: string;
  /** All of it: nothing of the build's own is added. */
  readonly env: Readonly<Record<string, string>>;
  /** Paths of the node, seen read-only. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** A folder in memory, the only place where something can be written. */
  readonly scratch: { readonly path: string; readonly bytes: number };
  readonly limits: ConfinedLimits;
}

/** What a container ran into that its limits are to blame for. */
export type LimitHit = "memory" | "processes";

export interface Confined {
  /** How it ended, in words. */
  readonly ended: Promise<string>;
  /** Whether something in it failed at a limit; null where nothing did, or nobody can tell. */
  hit(): Promise<LimitHit | null>;
  /** Ends all that runs in it, at once, and removes it. @throws EngineTimeout, or the engine's error */
  remove(): Promise<void>;
}

/** Nobody's user and group on every distribution of Linux. */
const nobody = "65534:65534";

const callMs = 30_000;

/** Bytes of what it prints. */
const mostPrinted = 64 * 1024;

/** The engine's words for it. Pure. */
export function confinedOptions({ image, name, argv, workDir, env, mounts, scratch, limits }: ConfinedSpec): Docker.ContainerCreateOptions {
  return {
    name,
    Image: image,
    Entrypoint: [...argv],
    Cmd: [],
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    User: nobody,
    WorkingDir: workDir,
    Hostname: "tests",
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Privileged: false,
      IpcMode: "private",
      Mounts: mounts.map(({ source, target }) => ({ Type: "bind" as const, Source: source, Target: target, ReadOnly: true })),
      Tmpfs: { [scratch.path]: `rw,nosuid,nodev,size=${scratch.bytes},mode=1777` },
      Memory: limits.memory,
      // The same as memory: none of it is swapped out.
      MemorySwap: limits.memory,
      NanoCpus: Math.round(limits.cpus * 1e9),
      // What is short of time gets it first: the app, and whoever watches it.
      CpuShares: 256,
      PidsLimit: limits.processes,
      Ulimits: [{ Name: "nofile", Soft: 8192, Hard: 8192 }, { Name: "core", Soft: 0, Hard: 0 }],
      // Where the node itself is short of memory, this goes first.
      OomScoreAdj: 500,
      // What it prints is read as it comes, and fills no disk.
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no" },
    },
  };
}

/**
 * Starts it. Nothing is left where it does not start.
 * @param onLine takes what it prints
 * @throws EngineTimeout, or the engine's error; the signal's reason
 */
export async function startConfined(docker: Docker, shell: NodeShell, spec: ConfinedSpec, onLine: (line: string) => void, signal: AbortSignal): Promise<Confined> {
  const container = await bounded(`docker create ${spec.name}`, docker.createContainer(confinedOptions(spec)), callMs, signal);
  const remove = () => unlessGone(bounded(`docker rm ${spec.name}`, container.remove({ force: true, v: true }), callMs));
  try {
    const output = (await bounded("docker attach", container.attach({ stream: true, stdout: true, stderr: true }), callMs, signal)) as unknown as Duplex;
    read(output, onLine);
    // Asked before it runs: one that ends at once is heard too.
    const ended = container.wait({ condition: "next-exit" }).then(() => howEnded(container), (error: unknown) => `the engine says: ${messageOf(error)}`);
    await bounded(`docker start ${spec.name}`, container.start(), callMs, signal);
    return { ended, hit: () => limitHit(container, shell), remove };
  } catch (error) {
    await remove().catch(() => {});
    throw error;
  }
}

/** The first of it: a line may be endless, and there may be no end of lines. */
function read(output: Duplex, onLine: (line: string) => void): void {
  const lines = { stdout: splitLines(onLine), stderr: splitLines(onLine) };
  const feed = unframed(lines);
  let taken = 0;
  output.on("data", (chunk: Buffer) => {
    taken += chunk.length;
    if (taken <= mostPrinted) feed(chunk);
  });
  output.on("error", () => output.destroy());
}

async function howEnded(container: Docker.Container): Promise<string> {
  try {
    const { State } = await bounded("docker inspect", container.inspect(), callMs);
    return State.OOMKilled ? "out of memory" : `exit code ${State.ExitCode}`;
  } catch (error) {
    return `gone: ${messageOf(error)}`;
  }
}

async function limitHit(container: Docker.Container, shell: NodeShell): Promise<LimitHit | null> {
  const { State } = await bounded("docker inspect", container.inspect(), callMs);
  if (State.OOMKilled) return "memory";
  const counted = await shell.exec(["sh", "-c", countScript, "sh", container.id], { timeoutMs: callMs });
  return hitIn(counted.stdout);
}

/** The kernel's own counts, wherever this node keeps its control groups; both versions of them. */
const countScript = `find /sys/fs/cgroup -type d -name "*$1*" | while read -r group; do
  for file in memory.events memory.oom_control pids.events; do
    [ -f "$group/$file" ] && sed "s/^/$file /" "$group/$file"
  done
done; true`;

/** What the kernel counted: a killed process comes before one that could not be started. Pure. */
export function hitIn(counts: string): LimitHit | null {
  const counted = (line: RegExp) => counts.split("\n").some((one) => Number(line.exec(one)?.[1] ?? 0) > 0);
  if (counted(/^memory\.(?:events|oom_control) oom_kill (\d+)$/)) return "memory";
  return counted(/^pids\.events max (\d+)$/) ? "processes" : null;
}
