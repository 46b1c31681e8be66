/** The engine: which kind, which version, on what kind of machine. */
import type Docker from "dockerode";
import { z } from "zod";
import { messageOf } from "../../base/errors.ts";
import { bounded } from "../bounded.ts";
import type { Endpoint } from "../types.ts";
import { type Row, row } from "./row.ts";

export interface EngineFacts {
  readonly version: string;
  readonly apiVersion: string;
  readonly components: readonly string[];
  /** `Debian GNU/Linux 12 (bookworm)`, `Docker Desktop`. */
  readonly system: string;
  readonly osType: string;
  /** As the engine says it: `x86_64`, `aarch64`. */
  readonly architecture: string;
  readonly rootless: boolean;
  /** `1` or `2`. */
  readonly cgroup: string;
  /** Where the engine keeps its data, on its own machine. */
  readonly rootDir: string;
  readonly swarm: { readonly state: string; readonly manager: boolean; readonly error: string };
}

const versionSchema = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  Components: z.array(z.object({ Name: z.string() })).nullish(),
});
const infoSchema = z.object({
  OperatingSystem: z.string().default("unknown"),
  OSType: z.string().default("linux"),
  Architecture: z.string().default("unknown"),
  SecurityOptions: z.array(z.string()).nullish(),
  CgroupVersion: z.string().default("1"),
  DockerRootDir: z.string().default("/var/lib/docker"),
  Swarm: z.object({ LocalNodeState: z.string().default("inactive"), ControlAvailable: z.boolean().default(false), Error: z.string().default("") }).prefault({}),
});

/** What the engine says about itself, or in words why it says nothing. @throws the signal's reason */
export async function gatherEngine(docker: Docker, signal: AbortSignal): Promise<EngineFacts | { readonly problem: string }> {
  try {
    const ask = <T>(schema: z.ZodType<T>, call: (options: object) => Promise<unknown>) =>
      bounded("the Docker engine", 10_000, signal, async (abortSignal) => schema.parse(await call({ abortSignal })));
    const version = await ask(versionSchema, (options) => (docker.version as (o: object) => Promise<unknown>).call(docker, options));
    const info = await ask(infoSchema, (options) => (docker.info as (o: object) => Promise<unknown>).call(docker, options));
    return {
      version: version.Version,
      apiVersion: version.ApiVersion,
      components: (version.Components ?? []).map((component) => component.Name),
      system: info.OperatingSystem,
      osType: info.OSType,
      architecture: info.Architecture,
      rootless: (info.SecurityOptions ?? []).some((option) => option.includes("name=rootless")),
      cgroup: info.CgroupVersion,
      rootDir: info.DockerRootDir,
      swarm: { state: info.Swarm.LocalNodeState, manager: info.Swarm.ControlAvailable, error: info.Swarm.Error },
    };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: messageOf(error) };
  }
}

const oldestApi = 1.41;
const processors: Readonly<Record<string, string>> = { x86_64: "amd64", amd64: "amd64", aarch64: "arm64", arm64: "arm64" };

export function judgeEngine(facts: EngineFacts | { readonly problem: string }, endpoint: Endpoint): Row[] {
  const where = `${endpoint.host} (${endpoint.from})`;
  if ("problem" in facts) return [row("Docker engine", "missing", `none answers at ${where}: ${facts.problem}`, "recipe-ci doctor --fix, or start one", "provision")];
  return [
    row("Docker engine", "ok", `${facts.version} at ${where}`),
    Number(facts.apiVersion) >= oldestApi ? row("engine API", "ok", facts.apiVersion) : row("engine API", "refused", `${facts.apiVersion} is too old`, "Docker 20.10 (API 1.41) or later"),
    podman(facts),
    rootless(facts),
    desktop(facts),
    processor(facts),
    row("cgroup version", facts.cgroup === "1" || facts.cgroup === "2" ? "ok" : "unknown", `v${facts.cgroup}`),
    swarm(facts),
  ];
}

function podman({ components }: EngineFacts): Row {
  return components.some((name) => /podman/i.test(name))
    ? row("podman's socket", "refused", "podman answers in docker's place, and it has no Swarm", "use a Docker engine: DOCKER_HOST or docker context use")
    : row("podman's socket", "ok", "not podman (which has no Swarm and is refused)");
}

function rootless({ rootless: is }: EngineFacts): Row {
  return is
    ? row("rootless engine", "refused", "a rootless engine: its Swarm has no overlay networks", "use an engine that runs as root")
    : row("rootless engine", "ok", "runs as root (a rootless one has no overlay networks and is refused)");
}

function desktop({ system, osType }: EngineFacts): Row {
  if (osType !== "linux") return row("Docker Desktop", "refused", `containers are ${osType}'s, not Linux's`, "switch Docker Desktop to Linux containers");
  return /docker desktop/i.test(system)
    ? row("Docker Desktop", "info", "Docker Desktop: a throwaway Swarm's ports are reached on 127.0.0.1; --swarm local is its VM's Swarm")
    : row("Docker Desktop", "ok", `not Docker Desktop: ${system}`);
}

function processor({ architecture }: EngineFacts): Row {
  const name = processors[architecture];
  if (name === "amd64") return row("CPU architecture", "ok", "amd64");
  if (name === "arm64") return row("CPU architecture", "info", "arm64: an image of a recipe that has no arm64 variant fails prepull, and says so");
  return row("CPU architecture", "refused", `${architecture}: abra has no release for it`, "use an amd64 or arm64 machine");
}

function swarm({ swarm: { state, manager, error } }: EngineFacts): Row {
  if (state === "active" && manager) return row("Swarm", "ok", "this node is a manager: --swarm local can be used");
  if (state === "active") return row("Swarm", "info", "this node is a worker: --swarm local can't be used", "for --swarm local choose a manager's engine");
  if (state === "error" || state === "locked") return row("Swarm", "info", `${state}${error ? `: ${error}` : ""}: --swarm local can't be used`, "docker swarm unlock, or leave and join again");
  return row("Swarm", "info", "not part of one: fine for throwaway Swarms", "for --swarm local: docker swarm init");
}

/** What this machine is not, and so could not be tried on it. */
export function notTried(facts: EngineFacts): string[] {
  const all: readonly (readonly [string, boolean])[] = [
    ["amd64", processors[facts.architecture] === "amd64"],
    ["arm64", processors[facts.architecture] === "arm64"],
    ["cgroup v1", facts.cgroup === "1"],
    ["cgroup v2", facts.cgroup === "2"],
    ["a rootless engine", facts.rootless],
    ["podman's socket", facts.components.some((name) => /podman/i.test(name))],
    ["Docker Desktop", /docker desktop/i.test(facts.system)],
  ];
  return all.filter(([, here]) => !here).map(([name]) => name);
}
